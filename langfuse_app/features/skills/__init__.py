"""Skills: instructions for agents as versions of a folder of text files, found by name and label."""
