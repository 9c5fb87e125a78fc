// Drives score configs, queues, comments and connections of @langfuse/client 5.11.1.
import { baseUrl, keys, readable, sdk, seed, tell } from "../scenario.mjs";

const { LangfuseClient } = sdk("@langfuse/client");
const { LangfuseSpanProcessor } = sdk("@langfuse/otel");
const { startActiveObservation } = sdk("@langfuse/tracing");
const { NodeTracerProvider } = sdk("@opentelemetry/sdk-trace-node");

const processor = new LangfuseSpanProcessor({ ...keys, baseUrl });
new NodeTracerProvider({ spanProcessors: [processor] }).register();
const { api } = new LangfuseClient({ ...keys, baseUrl });
const traceId = startActiveObservation("annotated", (root) => root.traceId);
await processor.forceFlush();

const made = [
  await api.scoreConfigs.create({ name: "NUMERIC (new)", dataType: "NUMERIC", minValue: 0, maxValue: 1 }),
  await api.scoreConfigs.create({ name: "BOOLEAN (new)", dataType: "BOOLEAN" }),
  await api.scoreConfigs.create({ name: "CATEGORICAL (new)", dataType: "CATEGORICAL", categories: [{ value: 1, label: "good" }] }),
];
const ids = made.map((config) => config.id);
const configs = await api.scoreConfigs.get({ limit: 100 });
tell({
  scenario: "configs",
  listed: configs.data.filter((config) => ids.includes(config.id)).map((config) => config.name),
  categories: made.map((config) => (config.categories ?? []).map((category) => category.label)),
  read: (await api.scoreConfigs.getById(ids[0])).maxValue,
});

const queues = api.annotationQueues;
const queue = await queues.createQueue({ name: `queue-${seed}`, scoreConfigIds: [ids[2]] });
const item = await queues.createQueueItem(queue.id, { objectId: traceId, objectType: "TRACE" });
const done = await queues.updateQueueItem(queue.id, item.id, { status: "COMPLETED" });
const listed = await queues.listQueueItems(queue.id, { status: "COMPLETED" });
const all = await queues.listQueues({ limit: 100 });
tell({
  scenario: "queues",
  statuses: [item.status, done.status],
  completed: Boolean(done.completedAt) && !item.completedAt,
  listed: listed.data.length === 1 && listed.data[0].objectId === traceId,
  found: all.data.some((one) => one.id === queue.id),
  deleted: (await queues.deleteQueueItem(queue.id, item.id)).success,
  left: (await queues.listQueueItems(queue.id)).data.length,
});
const changed = await api.scoreConfigs.update(ids[2], { isArchived: true });
tell({ scenario: "archived", archived: changed.isArchived, name: changed.name });

await readable(traceId);
const content = `well done, ${seed}`;
const comment = await api.comments.create({ projectId: "any", objectType: "TRACE", objectId: traceId, content });
const comments = await api.comments.get({ objectType: "TRACE", objectId: traceId });
tell({
  scenario: "comments",
  content: (await api.comments.getById(comment.id)).content,
  listed: comments.data.length === 1 && comments.data[0].id === comment.id,
});

const connection = { provider: `own-${seed}`, adapter: "openai", secretKey: "sk-very-secret-abcd" };
const first = await api.llmConnections.upsert(connection);
const second = await api.llmConnections.upsert({ ...connection, customModels: ["m"], extraHeaders: { "X-A": "b" } });
const [known] = (await api.llmConnections.list({ limit: 100 })).data.filter((one) => one.provider === connection.provider);
tell({
  scenario: "connections",
  same: first.id === second.id && second.id === known.id,
  secret: known.displaySecretKey,
  models: known.customModels,
  headers: known.extraHeaderKeys,
});
