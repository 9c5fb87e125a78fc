"""What users and agents have to say about this product."""
