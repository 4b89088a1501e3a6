// Powertools for AWS Lambda (TypeScript): BatchProcessor, all messages at once; claimed where the environment names a DynamoDB.
//
// AWS's own runtime client, aws-lambda-ric, needs a C++ toolchain with cmake, and Node 22; so invocations come by a minimal loop over fetch,
// which costs less.
import { appendFileSync } from "node:fs";
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";

const runs = process.env.COMPARE_RUNS;
const config = new IdempotencyConfig({ eventKeyJmesPath: "messageId" });
const processor = new BatchProcessor(EventType.SQS);

async function place(record) {
  const order = JSON.parse(record.body);
  if (runs) appendFileSync(runs, `${order.order_id}\n`);
  const names = [order.order_id, order.customer, order.currency, ...order.items.map((item) => item.sku)];
  if (!names.every(Boolean) || order.note === "") throw new Error("the order has an empty name");
  const total = order.items.reduce((sum, item) => sum + item.quantity * item.cents, 0);
  if (total !== order.total_cents) throw new Error("the total is not the sum of the items");
}

const handle = process.env.AWS_ENDPOINT_URL_DYNAMODB
  ? makeIdempotent(place, { persistenceStore: new DynamoDBPersistenceLayer({ tableName: "idempotency" }), config })
  : place;

async function handler(event, context) {
  config.registerLambdaContext(context);
  return processPartialResponse(event, handle, processor, { context, throwOnFullBatchFailure: false });
}

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
for (;;) {
  const invocation = await fetch(`${api}/invocation/next`);
  const id = invocation.headers.get("lambda-runtime-aws-request-id");
  const deadline = Number(invocation.headers.get("lambda-runtime-deadline-ms"));
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() };
  const [kind, body] = await handler(await invocation.json(), context).then(
    (response) => ["response", response],
    (error) => ["error", { errorType: error.name, errorMessage: error.message }],
  );
  const answered = await fetch(`${api}/invocation/${id}/${kind}`, { method: "POST", body: JSON.stringify(body) });
  await answered.text();
}
