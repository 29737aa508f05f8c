"""Many runs of one notebook: every combination of its parameters, one process per run, resumable, one table at the end."""
