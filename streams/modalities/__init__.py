"""From one patient's facts to a model's input: a folder per modality, nothing shared sideways."""
