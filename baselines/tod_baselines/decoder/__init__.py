"""Decoder-only models, fine-tuned with the whole dialogue as one sequence, in the manner of SimpleTOD and UBAR."""
