{{- define "cs.name" -}}
{{- printf "%s" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "cs.image" -}}
{{- $i := .Values.image -}}
{{- if $i.digest -}}
{{ $i.repository }}@{{ $i.digest }}
{{- else -}}
{{ $i.repository }}:{{ $i.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- /* Labels by which pods are chosen; never changed, since selectors cannot be. Takes (list root component). */ -}}
{{- define "cs.selector" -}}
app.kubernetes.io/name: cardiostream
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- with (index . 1) }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "cs.labels" -}}
{{ include "cs.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
{{- end -}}

{{- define "cs.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "cs.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "cs.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "cs.tritonUrl" -}}
{{- if .Values.triton.enabled -}}
dns:///{{ include "cs.name" . }}-triton.{{ .Release.Namespace }}.svc:8001
{{- else -}}
{{ required "triton.url: expected host:port of Triton where triton.enabled is false" .Values.triton.url }}
{{- end -}}
{{- end -}}

{{- /* The settings that every process has, as one YAML mapping of environment variables; nothing secret. */ -}}
{{- define "cs.environment" -}}
CARDIOSTREAM_BOOTSTRAP_SERVERS: {{ .Values.kafka.bootstrapServers | quote }}
CARDIOSTREAM_PARTITIONS: {{ .Values.kafka.partitions | quote }}
CARDIOSTREAM_REPLICATION_FACTOR: {{ .Values.kafka.replicationFactor | quote }}
{{- with .Values.kafka }}
CARDIOSTREAM_KAFKA_SECURITY: {{ .security }}
{{- if hasPrefix "SASL" .security }}
CARDIOSTREAM_KAFKA_SASL_MECHANISM: {{ .saslMechanism }}
CARDIOSTREAM_KAFKA_USER: {{ required "kafka.user: expected a user where kafka.security is SASL" .user | quote }}
CARDIOSTREAM_KAFKA_PASSWORD_FILE: /run/secrets/kafka-user/password
{{- end }}
{{- if .caSecret.name }}
CARDIOSTREAM_KAFKA_CA_FILE: /run/secrets/kafka-ca/ca.crt
{{- end }}
{{- if .clientCertificateSecret }}
CARDIOSTREAM_KAFKA_CLIENT_CERTIFICATE: /run/secrets/kafka-client/tls.crt
CARDIOSTREAM_KAFKA_CLIENT_KEY: /run/secrets/kafka-client/tls.key
{{- end }}
{{- end }}
CARDIOSTREAM_TRITON_URL: {{ include "cs.tritonUrl" . | quote }}
{{- if not .Values.redis.urlSecret.name }}
CARDIOSTREAM_REDIS_URL: {{ .Values.redis.url | quote }}
{{- end }}
CARDIOSTREAM_METRICS_PORT: {{ .Values.metricsPort | quote }}
CARDIOSTREAM_METRICS_ADDRESS: 0.0.0.0
{{- with .Values.sources }}
CARDIOSTREAM_SOURCES: {{ toJson . | quote }}
{{- end }}
{{- with .Values.pacs }}
CARDIOSTREAM_PACS: {{ toJson . | quote }}
{{- end }}
{{- with .Values.documentServers }}
CARDIOSTREAM_DOCUMENT_SERVERS: {{ toJson . | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
CARDIOSTREAM_{{ upper $name }}: {{ include "cs.value" $value | quote }}
{{- end }}
{{- end -}}

{{- /* A setting as the environment holds it: text and numbers as they are, lists and truth values as JSON. */ -}}
{{- define "cs.value" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end -}}
{{- end -}}

{{- /* Secrets go to who calls what they are for, and to nobody else. Takes (list root reaches). */ -}}
{{- define "cs.mounts" -}}
{{- $root := index . 0 -}}
- name: tmp
  mountPath: /tmp
{{- if and (has "redis" (index . 1)) $root.Values.redis.urlSecret.name }}
- name: settings-secrets
  mountPath: /run/secrets/cardiostream
  readOnly: true
{{- end }}
{{- if hasPrefix "SASL" $root.Values.kafka.security }}
- name: kafka-user
  mountPath: /run/secrets/kafka-user
  readOnly: true
{{- end }}
{{- if $root.Values.kafka.caSecret.name }}
- name: kafka-ca
  mountPath: /run/secrets/kafka-ca
  readOnly: true
{{- end }}
{{- if $root.Values.kafka.clientCertificateSecret }}
- name: kafka-client
  mountPath: /run/secrets/kafka-client
  readOnly: true
{{- end }}
{{- $reaches := index . 1 }}
{{- range $root.Values.secretFiles }}
{{- if has (.for | default "pacs") $reaches }}
- name: secret-{{ .secret }}
  mountPath: /run/secrets/{{ .secret }}
  readOnly: true
{{- end }}
{{- end }}
{{- end -}}

{{- define "cs.volumes" -}}
{{- $root := index . 0 -}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- with $root.Values.redis.urlSecret }}
{{- if and .name (has "redis" (index $ 1)) }}
- name: settings-secrets
  secret:
    secretName: {{ .name }}
    defaultMode: 0440
    items:
      - key: {{ .key }}
        path: cardiostream_redis_url
{{- end }}
{{- end }}
{{- if hasPrefix "SASL" $root.Values.kafka.security }}
- name: kafka-user
  secret:
    secretName: {{ $root.Values.kafka.passwordSecret.name }}
    defaultMode: 0440
    items:
      - key: {{ $root.Values.kafka.passwordSecret.key }}
        path: password
{{- end }}
{{- with $root.Values.kafka.caSecret }}
{{- if .name }}
- name: kafka-ca
  secret:
    secretName: {{ .name }}
    defaultMode: 0440
    items:
      - key: {{ .key }}
        path: ca.crt
{{- end }}
{{- end }}
{{- with $root.Values.kafka.clientCertificateSecret }}
- name: kafka-client
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- $reaches := index . 1 }}
{{- range $root.Values.secretFiles }}
{{- if has (.for | default "pacs") $reaches }}
- name: secret-{{ .secret }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
{{- end }}
{{- end }}
{{- end -}}

{{- /* Least pods of a worker that KEDA scales. Those of a StatefulSet hold state in memory, which no lag shows: they are
never fewer than the memory of all patients asks for. Takes (list root worker). */ -}}
{{- define "cs.leastPods" -}}
{{- $least := int (index . 0).Values.keda.minReplicas -}}
{{- if eq (index . 1).kind "StatefulSet" -}}{{- $least = max $least (int (index . 1).replicas) -}}{{- end -}}
{{- $least -}}
{{- end -}}

{{- /* Where pods go; takes (list root component). */ -}}
{{- define "cs.placing" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "cs.selector" . | nindent 8 }}
{{- end -}}
