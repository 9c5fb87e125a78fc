// Drives the prompts of @langfuse/client 5.11.1.
import { run } from "../prompts_scenario.mjs";
import { baseUrl, keys, sdk } from "../scenario.mjs";

const { LangfuseClient } = sdk("@langfuse/client");
const langfuse = new LangfuseClient({ ...keys, baseUrl });
await run({
  create: (body) => langfuse.prompt.create(body),
  get: (name, options) => langfuse.prompt.get(name, options),
  update: (body) => langfuse.prompt.update(body),
});
