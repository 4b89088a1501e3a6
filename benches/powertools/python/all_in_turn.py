"""Powertools for AWS Lambda (Python): BatchProcessor, one message after the other."""

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

import order

# Where all records fail, they are named too instead of failing the invocation.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def handle(record):
    order.place(record=record.raw_event)


def handler(event, context):
    order.CONFIG.register_lambda_context(context)
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
