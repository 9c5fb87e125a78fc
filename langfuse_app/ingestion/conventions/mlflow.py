"""MLflow's tracing: mlflow.spanInputs and mlflow.spanOutputs."""

from langfuse_app.ingestion.conventions.base import Convention, attr

CONVENTION = Convention(
    name="mlflow",
    scopes=("mlflow*",),
    marks=("mlflow.*",),
    input=(attr(120, "mlflow.spanInputs"),),
    output=(attr(120, "mlflow.spanOutputs"),),
)
