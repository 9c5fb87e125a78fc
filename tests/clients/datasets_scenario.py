"""Datasets and experiments in the Python SDKs: what is made, and what their own readers say of it.

Three items are made, the last one is archived; what runs gives the right capital for the first and a wrong one for the second.
"""

from __future__ import annotations

from typing import Any

from scenario import SEED, tell

NAME = f"eu/capitals {SEED}"
CAPITALS = {f"fr-{SEED}": ("France", "Paris"), f"de-{SEED}": ("Germany", "Berlin"), f"xx-{SEED}": ("Atlantis", "?")}
METADATA = {"model": "m-1", "temperature": 0}


def prepare(langfuse: Any, **schemas: Any) -> Any:
    """The dataset as the SDK reads it back."""
    langfuse.create_dataset(name=NAME, description="Where?", metadata={"team": "eu"}, **schemas)
    for number, (id, (country, capital)) in enumerate(CAPITALS.items()):
        langfuse.create_dataset_item(
            dataset_name=NAME, id=id, input={"country": country}, expected_output=capital, metadata={"number": number}
        )
    langfuse.create_dataset_item(dataset_name=NAME, id=f"xx-{SEED}", status="ARCHIVED")
    dataset = langfuse.get_dataset(NAME)
    items = [{"id": item.id, "input": item.input, "expectedOutput": item.expected_output} for item in dataset.items]
    tell(scenario="dataset", name=dataset.name, id=dataset.id, description=dataset.description, items=items)
    return dataset


def answer(country: str) -> str:
    """What the application under test says."""
    return {"France": "Paris"}.get(country, "Rome")


def task(*, item: Any, **_: Any) -> str:
    return answer(item.input["country"])


def right(*, output: Any, expected_output: Any, **_: Any) -> Any:
    from langfuse import Evaluation  # only the generations that run experiments have it

    return Evaluation(name="right", value=float(output == expected_output), comment="compared")


def share(*, item_results: list[Any], **_: Any) -> Any:
    from langfuse import Evaluation

    values = [evaluation.value for result in item_results for evaluation in result.evaluations]
    return Evaluation(name="share", value=sum(values) / len(values))


def experiment(langfuse: Any, dataset: Any, run_id: str) -> None:
    """Runs the experiment; `run_id` is the attribute of the result that names it."""
    result = dataset.run_experiment(
        name="capitals",
        run_name="with the SDK",
        description="each night",
        task=task,
        evaluators=[right],
        run_evaluators=[share],
        metadata=METADATA,
    )
    langfuse.flush()
    tell(scenario="experiment", run="with the SDK", id=getattr(result, run_id), outputs=[item.output for item in result.item_results])


def read_runs(langfuse: Any, *names: str) -> None:
    """What the SDK's readers of runs say."""
    runs = {}
    for name in names:
        run = langfuse.get_dataset_run(**{"dataset_name": NAME, RUN_NAME: name})
        runs[name] = {"id": run.id, "metadata": run.metadata, "items": sorted(item.dataset_item_id for item in run.dataset_run_items)}
    listed = langfuse.get_dataset_runs(dataset_name=NAME)
    tell(scenario="runs", runs=runs, listed=sorted(run.name for run in listed.data), total=listed.meta.total_items)


RUN_NAME = "run_name"
