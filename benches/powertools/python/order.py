"""The work on one message, claimed where the environment names a DynamoDB."""

import json
import os

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)

CONFIG = IdempotencyConfig(event_key_jmespath="messageId")
RUNS = os.environ.get("COMPARE_RUNS")


def place(record: dict) -> None:
    order = json.loads(record["body"])
    if RUNS:
        with open(RUNS, "a", encoding="utf-8") as runs:
            runs.write(order["order_id"] + "\n")
    names = [order["order_id"], order["customer"], order["currency"], *(item["sku"] for item in order["items"])]
    if not all(names) or order.get("note") == "":
        raise ValueError("the order has an empty name")
    if sum(item["quantity"] * item["cents"] for item in order["items"]) != order["total_cents"]:
        raise ValueError("the total is not the sum of the items")


if os.environ.get("AWS_ENDPOINT_URL_DYNAMODB"):
    place = idempotent_function(
        place,
        data_keyword_argument="record",
        config=CONFIG,
        persistence_store=DynamoDBPersistenceLayer(table_name="idempotency"),
    )
