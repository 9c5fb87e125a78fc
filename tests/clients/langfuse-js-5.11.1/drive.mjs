// Drives @langfuse/tracing, otel, client and openai 5.11.1: OTLP as JSON, scores over the ingestion route.
import {
  Story, agentTrace, baseUrl, expectedAgentTrace, given, keys, largeText, observations, openai, sdk, seed, session, tell, user,
  values, readable,
} from "../scenario.mjs";

const { LangfuseClient } = sdk("@langfuse/client");
const { observeOpenAI } = sdk("@langfuse/openai");
const { LangfuseSpanProcessor } = sdk("@langfuse/otel");
const { getActiveSpanId, getActiveTraceId, observe, propagateAttributes, startActiveObservation } = sdk("@langfuse/tracing");
const { NodeTracerProvider } = sdk("@opentelemetry/sdk-trace-node");
const { OpenAI } = sdk("openai");

const { release, environment, version } = values;
// Scores know the environment from this variable only.
process.env.LANGFUSE_TRACING_ENVIRONMENT = environment;
const processor = new LangfuseSpanProcessor({ ...keys, baseUrl, release });
new NodeTracerProvider({ spanProcessors: [processor] }).register();
const langfuse = new LangfuseClient({ ...keys, baseUrl });

async function agent() {
  const { name, tags, metadata } = agentTrace;
  const story = await propagateAttributes({ traceName: name, userId: user, sessionId: session, tags, metadata, version }, () =>
    startActiveObservation("answer-ticket", (root) => {
      root.update(given("answer-ticket"));
      root.setTraceAsPublic();
      const retrieve = root.startObservation("retrieve-context", given("retrieve-context"));
      const draft = retrieve.startObservation("draft-answer", given("draft-answer"), { asType: "generation" });
      const lookup = draft.startObservation("lookup-order", given("lookup-order"), { asType: "tool" });
      lookup.update({ output: observations["lookup-order"].output }).end();
      draft.update({ output: observations["draft-answer"].output }).end();
      retrieve.update({ output: observations["retrieve-context"].output }).end();
      const miss = root.startObservation("cache-miss", given("cache-miss"), { asType: "event" });
      const charge = root.startObservation("charge-card", given("charge-card"));
      charge.end();
      root.update({ output: observations["answer-ticket"].output });
      langfuse.score.trace(root, { id: `resolved-${seed}`, name: "resolved", value: 1, dataType: "BOOLEAN" });
      langfuse.score.observation(draft, { id: `tone-${seed}`, name: "tone", value: "friendly" });

      const told = new Story("agent", root.traceId, expectedAgentTrace({ public: true }));
      told.observation("answer-ticket", root.id);
      told.observation("retrieve-context", retrieve.id, root.id);
      told.observation("draft-answer", draft.id, retrieve.id);
      told.observation("lookup-order", lookup.id, draft.id);
      told.observation("cache-miss", miss.id, root.id);
      told.observation("charge-card", charge.id, root.id);
      told.score("helpfulness", `helpfulness-${seed}`);
      told.score("tone", `tone-${seed}`, { observationId: draft.id });
      told.score("resolved", `resolved-${seed}`);
      return told;
    }),
  );
  const traceId = story.told.trace.id;
  langfuse.score.create({ id: `helpfulness-${seed}`, traceId, name: "helpfulness", value: 0.9, comment: "clear answer" });
  await Promise.all([processor.forceFlush(), langfuse.score.flush()]);
  story.tell();
  return traceId;
}

async function decorated() {
  const { model, messages, answer } = openai;
  const ids = {};
  const ask = (generationName) => observeOpenAI(new OpenAI(), { generationName }).chat.completions;
  const think = observe(
    async () => {
      ids.thinking = getActiveSpanId();
      await ask("plain-call").create({ model, messages, temperature: 0 });
      const parts = await ask("streamed-call").create({ model, messages, stream: true, stream_options: { include_usage: true } });
      for await (const _ of parts);
      return answer;
    },
    { name: "thinking", asType: "agent" },
  );
  const reply = observe(
    async (question) => {
      ids.trace = getActiveTraceId();
      ids.answer = getActiveSpanId();
      return think(question);
    },
    { name: "answer" },
  );
  await reply("capital?");
  await processor.forceFlush();

  const story = new Story("decorated", ids.trace, { name: "answer" });
  const call = { type: "GENERATION", input: { messages }, usageDetails: openai.usageDetails };
  story.observation("answer", ids.answer, null, { type: "SPAN", output: answer });
  story.observation("thinking", ids.thinking, ids.answer, { type: "AGENT", output: answer });
  story.observation("plain-call", "", ids.thinking, { ...call, output: { role: "assistant", content: answer } });
  story.observation("streamed-call", "", ids.thinking, { ...call, output: answer });
  story.tell();
}

async function turns() {
  const stories = [];
  const known = { userId: user, sessionId: `turns-${seed}` };
  await propagateAttributes(known, async () => {
    for (let number = 0; number < values.turns; number += 1) {
      const name = `turn-${number}`;
      const usageDetails = { input: 10, output: 1 };
      startActiveObservation(
        name,
        (turn) => {
          turn.update({ input: number, output: `reply ${number}`, model: "gpt-4o", usageDetails });
          const story = new Story("turns", turn.traceId, { name, ...known });
          story.observation(name, turn.id, null, { type: "GENERATION", input: number, output: `reply ${number}` });
          stories.push(story);
        },
        { asType: "generation" },
      );
    }
  });
  await processor.forceFlush();
  for (const story of stories) story.tell();
}

/** A long-running trace whose first step is exported, and must be readable with all trace attributes, before its root. */
async function late() {
  const known = { userId: user, sessionId: `late-${seed}`, tags: ["nightly"] };
  const trace = { ...known, name: "nightly-job" };
  const done = { type: "GENERATION", input: "one", output: "done" };
  const story = await propagateAttributes({ ...known, traceName: trace.name }, () =>
    startActiveObservation("job", async (root) => {
      root.update({ input: "go" });
      const usageDetails = { input: 10, output: 1 };
      const options = { asType: "generation" };
      const step = root.startObservation("step", { input: "one", output: "done", model: "gpt-4o", usageDetails }, options);
      step.end();
      await processor.forceFlush();
      const early = new Story("early", root.traceId, trace);
      early.observation("step", step.id, root.id, done);
      early.tellAndWait();
      root.update({ output: "all done" });
      const told = new Story("late", root.traceId, { ...trace, input: "go", output: "all done" });
      told.observation("job", root.id, null, { type: "SPAN", input: "go", output: "all done" });
      told.observation("step", step.id, root.id, done);
      return told;
    }),
  );
  await processor.forceFlush();
  story.tell();
}

async function texts() {
  const odd = values.unicode;
  const known = { userId: `пользователь-${seed}`, sessionId: `会话-${seed}`, tags: ["ärger", "客服"] };
  const metadata = { 言語: odd.output };
  const text = largeText();
  const output = { lines: text.split(". ") };
  const span = propagateAttributes(known, () =>
    startActiveObservation(odd.name, (it) => it.update({ input: odd.input, output: odd.output, metadata })),
  );
  const large = startActiveObservation("large", (it) => it.update({ input: text, output }));
  await processor.forceFlush();

  let story = new Story("unicode", span.traceId, known);
  story.observation(odd.name, span.id, null, { type: "SPAN", input: odd.input, output: odd.output, metadata });
  story.tell();
  story = new Story("large", large.traceId, { name: "large" });
  story.observation("large", large.id, null, { type: "SPAN", input: text, output });
  story.tell();
}

async function batch() {
  const story = startActiveObservation(
    "batch",
    (root) => {
      const told = new Story("batch", root.traceId, { name: "batch" });
      told.observation("batch", root.id, null, { type: "CHAIN" });
      for (let number = 0; number < values.batch; number += 1) {
        const step = root.startObservation(`step-${number}`, { input: number });
        step.end();
        told.observation(`step-${number}`, step.id, root.id, { type: "SPAN", input: number });
      }
      return told;
    },
    { asType: "chain" },
  );
  await processor.forceFlush();
  story.tell();
}

const traceId = await agent();
await decorated();
await turns();
await late();
await texts();
await batch();
tell({ scenario: "access", traceId, traceUrl: await langfuse.getTraceUrl(traceId) });
await readable(traceId);
const trace = await langfuse.api.trace.get(traceId);
tell({ scenario: "fetched", name: trace.name, observations: trace.observations.map((item) => item.name) });
