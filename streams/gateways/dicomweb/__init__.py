"""DICOMweb: which PACS may be asked, how, and within which limits; and its feed of changes."""
