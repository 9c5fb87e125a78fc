"""SCIM: identity providers create, read and remove the members of an organisation."""
