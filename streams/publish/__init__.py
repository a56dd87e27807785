"""RiskScore to what others read: FHIR on the results topic, and the view in Redis."""
