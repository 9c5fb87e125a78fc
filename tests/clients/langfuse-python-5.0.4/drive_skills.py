"""Skills through the generated client of langfuse 5.0.4: one life of a skill; prints what the SDK made of the answers."""

from __future__ import annotations

import json
import os
from typing import Any

from langfuse.api import LangfuseAPI
from langfuse.api.core.api_error import ApiError
from langfuse.api.unstable.skills import SkillVersionFileInput, SkillVersionFileReference

MANIFEST = "---\nname: triage\ndescription: Sorts tickets.\nmetadata:\n  owner: support\n---\n# Triage\n"


def refusal(call: Any, *path: Any, **fields: Any) -> list[Any]:
    """Status and code of what a call is refused with."""
    try:
        call(*path, **fields)
    except ApiError as error:
        body = error.body if isinstance(error.body, dict) else error.body.dict()
        return [error.status_code, body["code"]]
    return []


def drive() -> None:
    """Creates, labels, tags, lists, reads and deletes."""
    public_key, secret_key = os.environ["PROJECT_KEYS"].split(":")
    names = {"x_langfuse_sdk_name": "test", "x_langfuse_sdk_version": "1", "x_langfuse_public_key": public_key}
    skills = LangfuseAPI(base_url=os.environ["HOST"], username=public_key, password=secret_key, **names).unstable.skills
    words = SkillVersionFileInput(path="references/words.txt", content="Grüße + Küsse")
    first = skills.create_version(files=[SkillVersionFileInput(path="SKILL.md", content=MANIFEST), words], commit_message="first")
    hashes = {file.path: file.sha256hash for file in first.files}
    second = skills.create_version(files=[SkillVersionFileReference(path=path, sha256hash=hash) for path, hash in hashes.items()])
    labelled = skills.set_labels("triage", 2, labels=["production"])
    tagged = skills.update("triage", tags=["support"])
    [listed] = skills.list(search="TICKETS", tag="support", from_updated_at=first.created_at).data
    read = skills.get_file_contents(sha256hashes=",".join(hashes.values())).data
    said = {
        "first": [first.version, first.description, first.frontmatter["metadata"], first.labels, first.commit_message],
        "files": [[file.path, file.content_type, file.content_length] for file in first.files],
        "shared": [file.blob_id for file in first.files] == [file.blob_id for file in second.files],
        "labels": [labelled.labels, skills.get("triage").version, skills.get("triage", version=1).labels],
        "tags": [tagged.version, tagged.tags, skills.get("triage", version=1).tags],
        "listed": [listed.name, listed.latest_version, listed.production_version, listed.latest_version_created_at == second.created_at],
        "more": skills.list(limit=1).meta.has_next_page,
        "contents": [one.content for one in read] == [MANIFEST, words.content],
        "refused": [refusal(skills.get, "nobody"), refusal(skills.create_version, files=[words])],
        "deleted": [skills.delete_version("triage", 2).deleted, skills.get("triage", label="latest").version],
    }
    print(json.dumps(said))


if __name__ == "__main__":
    drive()
