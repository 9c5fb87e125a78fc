"""What `up` prints when everything runs."""

from typing import Any

_SNIPPET = """\
  pip install langfuse

  import os
  os.environ["LANGFUSE_BASE_URL"] = "{url}"
  os.environ["LANGFUSE_PUBLIC_KEY"] = "{public_key}"
  os.environ["LANGFUSE_SECRET_KEY"] = "{secret_key}"
  from langfuse import observe, get_client

  @observe()
  def hello(name):
      return f"Hello {{name}}"

  hello("world")
  get_client().flush()
"""


def banner(url: str, first: dict[str, Any]) -> str:
    """The address; at the first start also sign-in, keys and a script to paste (their only appearance)."""
    lines = ["", f"  langfuse-app is running: {url}", ""]
    if first["password"]:
        lines += [f"  Sign in      {first['email']}  {first['password']}", ""]
    if first["secret_key"] and first["created"]:
        lines += [
            f"  Public key   {first['public_key']}",
            f"  Secret key   {first['secret_key']}",
            "",
            "  Send a first trace (these secrets are shown once):",
            "",
            _SNIPPET.format(url=url, public_key=first["public_key"], secret_key=first["secret_key"]),
        ]
    return "\n".join(lines)
