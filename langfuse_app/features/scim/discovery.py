"""The documents by which an identity provider finds out what this server can do (RFC 7643 §5 to §7)."""

from typing import Any

from langfuse_app.features.scim.schemas import LIST, PATH, USER

SERVICE_PROVIDER: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "documentationUri": "/api/docs",
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": 100},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
    "authenticationSchemes": [
        {
            "name": "Basic Authentication",
            "description": "The key pair of an organisation, as user and password",
            "specUri": "https://tools.ietf.org/html/rfc7617",
            "type": "httpbasic",
            "primary": True,
        }
    ],
    "meta": {"resourceType": "ServiceProviderConfig", "location": f"{PATH}/ServiceProviderConfig"},
}

RESOURCE_TYPES: dict[str, Any] = {
    "schemas": [LIST],
    "totalResults": 1,
    "Resources": [
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": "User",
            "name": "User",
            "endpoint": f"{PATH}/Users",
            "description": "User Account",
            "schema": USER,
            "schemaExtensions": [],
            "meta": {"resourceType": "ResourceType", "location": f"{PATH}/ResourceTypes/User"},
        }
    ],
}


def _attribute(name: str, description: str, kind: str = "string", *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    plain = {
        "name": name,
        "type": kind,
        "multiValued": False,
        "description": description,
        "required": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }
    exact = {"caseExact": False} if kind == "string" else {}
    return plain | exact | ({"subAttributes": list(parts)} if parts else {}) | more


_READ_ONLY: dict[str, Any] = {"mutability": "readOnly"}
_IDENTITY: dict[str, Any] = {"required": True, "returned": "always", "uniqueness": "server"}

SCHEMAS: dict[str, Any] = {
    "schemas": [LIST],
    "totalResults": 1,
    "Resources": [
        {
            "id": USER,
            "name": "User",
            "description": "User Account",
            "attributes": [
                _attribute("id", "Unique identifier of the user", caseExact=True, **_IDENTITY, **_READ_ONLY),
                _attribute("userName", "The e-mail address of the user", **_IDENTITY),
                _attribute("name", "The user's name", "complex", _attribute("formatted", "The whole name")),
                _attribute(
                    "emails",
                    "E-mail addresses of the user",
                    "complex",
                    _attribute("value", "The address"),
                    _attribute("primary", "Whether it is the first one", "boolean"),
                    _attribute("type", "work"),
                    multiValued=True,
                ),
                _attribute("active", "Whether the user is a member of the organisation", "boolean"),
                _attribute("roles", "OWNER, ADMIN, MEMBER, VIEWER or NONE; the first one counts", multiValued=True, returned="never"),
                _attribute(
                    "meta",
                    "Kind and age of the resource",
                    "complex",
                    _attribute("resourceType", "User", **_READ_ONLY),
                    _attribute("created", "When the account was made", "dateTime", **_READ_ONLY),
                    _attribute("lastModified", "When it was changed last", "dateTime", **_READ_ONLY),
                    **_READ_ONLY,
                ),
            ],
            "meta": {"resourceType": "Schema", "location": f"{PATH}/Schemas/{USER}"},
        }
    ],
}
