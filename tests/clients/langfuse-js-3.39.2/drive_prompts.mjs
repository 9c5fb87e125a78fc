// Drives the prompts of `langfuse` 3.39.2.
import { run } from "../prompts_scenario.mjs";
import { baseUrl, keys, sdk } from "../scenario.mjs";

const { Langfuse } = sdk("langfuse");
const langfuse = new Langfuse({ ...keys, baseUrl });
await run({
  create: (body) => langfuse.createPrompt(body),
  get: (name, { version, ...options } = {}) => langfuse.getPrompt(name, version, options),
  update: (body) => langfuse.updatePrompt(body),
});
await langfuse.shutdownAsync();
