"""The same work as small programs on other stream libraries; run by `bench.run`, each also alone.

Every one consumes FHIR JSON, keeps per-patient windows in memory, asks the same Triton for one inference per
observation, publishes a small RiskAssessment and keeps the newest per patient in Redis. None of them validates more
than the JSON, heeds corrections or late data, knows a patient's identity, or recovers its state: what a user would
write in an afternoon with each library, tuned for its speed.
"""
