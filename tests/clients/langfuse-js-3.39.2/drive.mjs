// Drives `langfuse` 3.39.2: everything as events to the ingestion route, creates and updates in any order.
import {
  Story, agentTrace, baseUrl, expectedAgentTrace, given, keys, largeText, observations, openai, sdk, seed, session, tell, user,
  values, readable,
} from "../scenario.mjs";

const { Langfuse, LangfuseWeb, observeOpenAI } = sdk("langfuse");
const { OpenAI } = sdk("openai");

const { release, environment, version } = values;
const langfuse = new Langfuse({ ...keys, baseUrl, release, environment });
const metadata = { ...agentTrace.metadata, attempt: 3, nested: { region: "eu" } };

async function agent() {
  const { name, tags, input, output } = agentTrace;
  const trace = langfuse.trace({
    id: `order 1042 – ${seed}`, name, tags, input, metadata, version, userId: user, sessionId: session, public: true,
  });
  const root = trace.span({ id: `root-${seed}`, name: "answer-ticket", ...given("answer-ticket") });
  const retrieve = root.span({ name: "retrieve-context", ...given("retrieve-context") });
  const draft = retrieve.generation({ name: "draft-answer", ...given("draft-answer") });
  const lookup = draft.span({ name: "lookup-order", ...given("lookup-order") });
  lookup.end({ output: observations["lookup-order"].output });
  draft.end({ output: observations["draft-answer"].output });
  retrieve.end({ output: observations["retrieve-context"].output });
  const miss = root.event({ name: "cache-miss", ...given("cache-miss") });
  const charge = root.span({ name: "charge-card", ...given("charge-card") });
  charge.end();
  root.end({ output: observations["answer-ticket"].output });
  trace.update({ output, public: true });
  trace.score({ id: `helpfulness-${seed}`, name: "helpfulness", value: 0.9, comment: "clear answer" });
  draft.score({ id: `tone-${seed}`, name: "tone", value: "friendly" });
  langfuse.score({ id: `resolved-${seed}`, traceId: trace.id, name: "resolved", value: 1, dataType: "BOOLEAN" });
  await langfuse.flushAsync();

  const story = new Story("agent", trace.id, expectedAgentTrace({ metadata, public: true }));
  story.observation("answer-ticket", root.id);
  story.observation("retrieve-context", retrieve.id, root.id);
  story.observation("draft-answer", draft.id, retrieve.id);
  story.observation("lookup-order", lookup.id, draft.id, { type: "SPAN" }); // this SDK has no tools
  story.observation("cache-miss", miss.id, root.id);
  story.observation("charge-card", charge.id, root.id);
  story.score("helpfulness", `helpfulness-${seed}`);
  story.score("tone", `tone-${seed}`, { observationId: draft.id });
  story.score("resolved", `resolved-${seed}`);
  story.tell();
  return trace;
}

async function wrapped() {
  const trace = langfuse.trace({ name: "answer", userId: user });
  const { model, messages, answer } = openai;
  const ask = (generationName) =>
    observeOpenAI(new OpenAI(), { parent: trace, generationName, metadata: { wrapped: true } }).chat.completions;
  await ask("plain-call").create({ model, messages, temperature: 0 });
  const parts = await ask("streamed-call").create({ model, messages, stream: true, stream_options: { include_usage: true } });
  for await (const _ of parts);
  await langfuse.flushAsync();

  const story = new Story("decorated", trace.id, { name: "answer", userId: user });
  // This wrapper leaves cached and reasoning tokens inside input and output; they must not be counted twice.
  const call = { type: "GENERATION", input: { messages }, usageDetails: openai.usageDetails, metadata: { wrapped: true } };
  story.observation("plain-call", "", null, { ...call, output: { role: "assistant", content: answer } });
  story.observation("streamed-call", "", null, { ...call, output: answer });
  story.tell();
}

async function turns() {
  const stories = [];
  for (let number = 0; number < values.turns; number += 1) {
    const known = { name: `turn-${number}`, userId: user, sessionId: `turns-${seed}` };
    const trace = langfuse.trace(known);
    const usage = { promptTokens: 10, completionTokens: 1, totalTokens: 11 };
    const turn = trace.generation({ name: known.name, input: number, model: "gpt-4o", usage });
    turn.end({ output: `reply ${number}` });
    const story = new Story("turns", trace.id, known);
    story.observation(known.name, turn.id, null, { type: "GENERATION", input: number, output: `reply ${number}` });
    stories.push(story);
  }
  await langfuse.flushAsync();
  for (const story of stories) story.tell();
}

/** A trace that is told about twice: the second telling adds to the first and corrects it. */
async function late() {
  const trace = langfuse.trace({ name: "draft", userId: user, tags: ["nightly"], metadata: { kept: 1, changed: { a: 1 } } });
  const step = trace.generation({ name: "step", input: "one", metadata: { kept: true } });
  await langfuse.flushAsync();
  let story = new Story("early", trace.id, { name: "draft", userId: user, tags: ["nightly"] });
  story.observation("step", step.id, null, { type: "GENERATION", input: "one", endTime: null, metadata: { kept: true } });
  story.tellAndWait();
  trace.update({ name: "nightly-job", tags: ["done"], metadata: { changed: { b: 2 } }, output: "all done" });
  const usageDetails = { input: 10, output: 1 };
  step.end({ output: "done", model: "gpt-4o", usageDetails, level: "WARNING", metadata: { new: 2 } });
  await langfuse.flushAsync();
  const metadata = { kept: 1, changed: { a: 1, b: 2 } };
  const changed = { name: "nightly-job", tags: ["done", "nightly"], metadata, userId: user, output: "all done" };
  story = new Story("late", trace.id, changed);
  const ended = { input: "one", output: "done", model: "gpt-4o", usageDetails, level: "WARNING" };
  story.observation("step", step.id, null, { type: "GENERATION", ...ended, metadata: { kept: true, new: 2 } });
  story.tell();
}

/** A score given by a reader in a web page, which knows the public key only. */
async function browser() {
  const trace = langfuse.trace({ name: "rated" });
  await langfuse.flushAsync();
  const web = new LangfuseWeb({ publicKey: keys.publicKey, baseUrl, environment });
  await web.score({ id: `thumbs-${seed}`, traceId: trace.id, name: "thumbs", value: 1, comment: "by the reader" });
  const story = new Story("browser", trace.id, { name: "rated" });
  story.score("thumbs", `thumbs-${seed}`);
  story.tell();
}

async function texts() {
  const odd = values.unicode;
  const known = { userId: `пользователь-${seed}`, sessionId: `会话-${seed}`, tags: ["ärger", "客服"] };
  const trace = langfuse.trace({ id: `票/${seed}`, name: odd.name, ...known });
  const metadata = { 言語: odd.output };
  const span = trace.span({ name: odd.name, input: odd.input }).end({ output: odd.output, metadata });
  const text = largeText();
  const long = langfuse.trace({ name: "large" });
  const output = { lines: text.split(". ") };
  const large = long.span({ name: "large", input: text }).end({ output });
  await langfuse.flushAsync();

  let story = new Story("unicode", trace.id, known);
  story.observation(odd.name, span.id, null, { type: "SPAN", input: odd.input, output: odd.output, metadata });
  story.tell();
  story = new Story("large", long.id, { name: "large" });
  story.observation("large", large.id, null, { type: "SPAN", input: text, output });
  story.tell();
}

async function batch() {
  const trace = langfuse.trace({ name: "batch" });
  const root = trace.span({ name: "batch" });
  const story = new Story("batch", trace.id, { name: "batch" });
  story.observation("batch", root.id, null, { type: "SPAN" });
  for (let number = 0; number < values.batch; number += 1) {
    const step = root.span({ name: `step-${number}`, input: number }).end();
    story.observation(`step-${number}`, step.id, root.id, { type: "SPAN", input: number });
  }
  root.end();
  await langfuse.flushAsync();
  story.tell();
}

const trace = await agent();
await wrapped();
await turns();
await late();
await browser();
await texts();
await batch();
tell({ scenario: "access", traceId: trace.id, traceUrl: trace.getTraceUrl() });
await readable(trace.id);
const { data } = await langfuse.fetchTrace(trace.id);
tell({ scenario: "fetched", name: data.name, observations: data.observations.map((item) => item.name) });
