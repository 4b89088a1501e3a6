// The other consumer, with a handler that does nothing: sqs-consumer, of the BBC.
//
//   consumer.mjs URL one|ten CONSUMERS
//
// `one` handles each message and deletes it, as its README shows first; `ten` handles all messages of a receive, and deletes them together.
// Several consumers share a client. Ends when the queue is empty.
import { SQSClient } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";

const [url, handler, consumers] = process.argv.slice(2);
const handlers = {
  one: { handleMessage: async (message) => message },
  ten: { handleMessageBatch: async (messages) => messages },
};
const sqs = new SQSClient({
  region: "us-east-1",
  endpoint: new URL(url).origin,
  credentials: { accessKeyId: "none", secretAccessKey: "none" },
});

function fail(error) {
  console.error(error);
  process.exit(1);
}

for (let n = 0; n < Number(consumers); n += 1) {
  const consumer = Consumer.create({ queueUrl: url, sqs, batchSize: 10, waitTimeSeconds: 1, ...handlers[handler] });
  consumer.on("error", fail);
  consumer.on("processing_error", fail);
  consumer.on("empty", () => consumer.stop());
  consumer.start();
}
