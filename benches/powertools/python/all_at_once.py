"""Powertools for AWS Lambda (Python): AsyncBatchProcessor, all messages at once.

Its `idempotent_function` takes no coroutine, and its DynamoDB client blocks; so where messages are claimed each runs in a thread of the
loop's pool.
"""

import asyncio
import os

from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response

import order

processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
CLAIMS = bool(os.environ.get("AWS_ENDPOINT_URL_DYNAMODB"))


async def handle(record):
    if CLAIMS:
        await asyncio.to_thread(order.place, record=record.raw_event)
    else:
        order.place(record=record.raw_event)


def handler(event, context):
    order.CONFIG.register_lambda_context(context)
    return async_process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
