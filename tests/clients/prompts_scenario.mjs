// Prompts in the JavaScript SDKs: created, fetched by label and version, compiled, relabelled, and a fallback when there is none.
import { seed, tell } from "./scenario.mjs";

export const text = `support/${seed}/greeting`;
const chat = `chat-${seed}`;
const messages = [
  { role: "system", content: "You answer in {{language}}." },
  { type: "placeholder", name: "history" },
  { role: "user", content: "{{question}}" },
];

async function raised(call) {
  try {
    await call();
  } catch (error) {
    return String(error);
  }
  return "";
}

/** Says for each step whether the SDK made of our answers what it ought to; the functions are the SDK's. */
export async function run({ create, get, update }) {
  const first = await create({ name: text, prompt: "Hello {{name}}", labels: ["production"], tags: ["t"], config: { temperature: 0.5 } });
  const second = await create({ name: text, prompt: "Hi {{name}}", labels: ["staging"], commitMessage: "shorter" });
  await create({ name: chat, type: "chat", prompt: messages, labels: ["production"] });
  const production = await get(text);
  const equal = {
    versions: first.version === 1 && second.version === 2,
    production: production.prompt === "Hello {{name}}",
    compiled: production.compile({ name: "Ada" }) === "Hello Ada",
    config: production.config.temperature === 0.5,
    label: (await get(text, { label: "staging" })).version === 2,
    version: (await get(text, { version: 1 })).labels.includes("production"),
    tags: (await get(text, { label: "latest" })).tags[0] === "t",
    missing: (await raised(() => get(`nobody-${seed}`, { maxRetries: 1 }))) !== "",
    fallback: (await get(`nobody-${seed}`, { fallback: "Hm {{name}}", maxRetries: 1 })).compile({ name: "Ada" }) === "Hm Ada",
  };
  await update({ name: text, version: 2, newLabels: ["production"] });
  equal.moved = (await get(text, { cacheTtlSeconds: 0 })).version === 2;
  const history = [{ role: "user", content: "Hallo" }];
  const compiled = (await get(chat, { type: "chat" })).compile({ language: "German", question: "Wo?" }, { history });
  const said = compiled.map(({ role, content }) => `${role}: ${content}`);
  equal.chat = said.join("|") === "system: You answer in German.|user: Hallo|user: Wo?";
  tell({ scenario: "prompts", equal, names: [text, chat] });
}
