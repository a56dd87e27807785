"""notes_bert: what a clinical note is about and documents, from MiniLM and MTSamples."""
