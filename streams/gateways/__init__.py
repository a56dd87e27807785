"""The hospital's doors that are not Kafka."""
