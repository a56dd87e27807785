"""Faust over runs of records: what one fetch brought of one partition travels as one event and is acked as one."""
