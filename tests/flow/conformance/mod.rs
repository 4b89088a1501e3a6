//! Every store keeps every promise: memory, and DynamoDB through the real SDK over loopback.

mod transactions;

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use dynoxide::{Database, server};
use sqs_runtime::{
    Consumer, Idempotency,
    claim::{
        MemoryStore,
        dynamodb::{DynamoDbStore, Name, Table},
    },
    run::Pipeline,
    testkit::{ManualClock, conformance},
};
use tokio::net::TcpListener;

use crate::{
    dynamodb_client::{client, create_table},
    support::{event, record},
};

/// A client of a DynamoDB that lives in this process, behind a port of its own.
async fn dynamodb() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    let database = Database::memory().expect("a database");
    sqs_runtime::run::Spawn::spawn(&sqs_runtime::run::TokioSpawn, Box::pin(server::serve_on(listener, database)));
    client(&endpoint)
}

#[tokio::test]
async fn memory() {
    let clock = ManualClock::new();
    conformance::all(&MemoryStore::new(clock.clone()), &clock).await;
}

#[tokio::test]
async fn a_shared_store() {
    let clock = ManualClock::new();
    conformance::all(&Arc::new(MemoryStore::new(clock.clone())), &clock).await;
}

#[tokio::test]
async fn dynamodb_with_the_default_names() {
    let (client, clock) = (dynamodb().await, ManualClock::new());
    create_table(&client, "idempotency", &["id"]).await;
    let store = DynamoDbStore::new(client, Table::new("idempotency")).clock(clock.clone());
    conformance::all(&store, &clock).await;
}

#[tokio::test]
async fn dynamodb_with_writes_that_travel_together() {
    let (client, clock) = (dynamodb().await, ManualClock::new());
    create_table(&client, "idempotency", &["id"]).await;
    let store = DynamoDbStore::new(client, Table::new("idempotency")).clock(clock.clone()).write_together(true);
    conformance::all(&store, &clock).await;
}

#[tokio::test]
async fn dynamodb_with_a_composite_key_and_other_names() {
    let (client, clock) = (dynamodb().await, ManualClock::new());
    create_table(&client, "shared", &["pk", "sk"]).await;
    let table = Table::new("shared")
        .composite_key("pk", "idempotency#orders", "sk")
        .attribute(Name::Status, "state")
        .attribute(Name::Owner, "holder")
        .attribute(Name::Expiration, "ttl")
        .attribute(Name::InProgressExpiration, "lease_ends")
        .attribute(Name::Schema, "schema");
    for together in [false, true] {
        let store = DynamoDbStore::new(client.clone(), table.clone()).clock(clock.clone()).write_together(together);
        conformance::all(&store, &clock).await;
    }
}

/// What DynamoDB bills an item by: names and texts in bytes, two digits of a number a byte and one more.
fn billed_bytes(item: &HashMap<String, AttributeValue>) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        other => panic!("a row has only texts and numbers, not {other:?}"),
    };
    item.iter().map(|(name, stored)| name.len() + value(stored)).sum()
}

/// One write unit is 1 KB; a row stays far below it, so that claim and completion cost one unit each.
#[tokio::test]
async fn a_row_without_a_result_is_below_300_bytes() {
    let (client, clock) = (dynamodb().await, ManualClock::new());
    create_table(&client, "idempotency", &["id"]).await;
    let store = DynamoDbStore::new(client.clone(), Table::new("idempotency")).clock(clock.clone());
    let namespace = "n".repeat(40);
    let idempotency = Idempotency::new(store).namespace(namespace);
    let stopped = Consumer::new(std::future::pending::<()>).idempotency(idempotency.clone()).clock(clock.clone());
    let pipeline = Pipeline::for_tests(stopped);
    // Stopped in mid-run, the row is left in progress: the longest that it gets.
    let running = pipeline.run_event(event(&[record("m-1", "x")]), pipeline.invocation(Some(Duration::from_secs(10))));
    let moving = async {
        for _ in 0..1_000 {
            if client.scan().table_name("idempotency").send().await.expect("a table").count() > 0 {
                break;
            }
        }
        // The claim's answer is on its way; the handler runs once it is here.
        for _ in 0..20 {
            clock.advance(Duration::from_millis(500));
            client.list_tables().send().await.expect("an answer");
        }
    };
    let (report, ()) = tokio::join!(running, moving);
    report.expect("an SQS event");
    let rows = client.scan().table_name("idempotency").send().await.expect("a table").items.unwrap_or_default();
    let sizes: Vec<_> = rows.iter().map(billed_bytes).collect();
    assert!(matches!(sizes.as_slice(), [200..300]), "{sizes:?}");
}

/// What `all` runs is part of what a version promises: this list changes where the version may break what compiles, and nowhere else.
#[test]
fn the_promises_of_stores_are_those_of_this_version() {
    let names = [
        "a_free_key_is_granted",
        "a_held_key_is_refused_with_the_end_of_its_lease",
        "ones_own_write_is_recognised",
        "a_lease_is_taken_over_after_its_end_and_the_skew",
        "fences_grow_with_every_grant",
        "attempts_count_what_ended_neither_way",
        "an_expired_row_is_free_whatever_it_says",
        "each_element_of_a_call_has_its_own_answer",
        "a_read_says_where_the_work_stands_and_since_when",
        "a_success_is_a_replay_and_keeps_its_result",
        "a_success_with_another_payload_is_a_conflict",
        "a_success_is_never_undone",
        "a_completion_after_a_takeover_is_refused",
        "a_completion_of_what_has_no_row_is_refused",
        "a_late_completion_of_the_registered_owner_is_right",
        "a_completion_of_another_ones_success_is_a_replay_or_a_conflict",
        "a_result_that_could_not_be_kept_leaves_a_note",
        "a_release_frees_the_key_at_once",
        "a_release_after_a_takeover_changes_nothing",
        "a_late_copy_of_a_released_claim_is_refused",
        "a_rejection_blocks_its_payload_and_version_only",
        "a_rejection_after_a_takeover_changes_nothing",
        "a_cancellation_leaves_the_lease_and_is_no_hint_of_a_crash",
        "a_rejection_can_be_forgotten_and_nothing_else_can",
        "many_claims_in_a_call_are_each_answered_in_their_place",
        "a_claim_among_many_leaves_the_row_of_a_claim",
        "many_completions_in_a_call_are_each_their_own",
        "many_are_given_up_in_a_call_as_one_is",
        "a_renewal_moves_the_end_and_never_back",
        "a_renewal_after_a_takeover_is_refused",
        "a_mark_is_a_success_and_respects_a_living_lease",
        "a_mark_keeps_its_result_and_takes_over_what_a_claim_would",
        "a_mark_respects_a_remembered_rejection",
        "the_older_of_two_grants_of_an_owner_holds_nothing",
        "of_claims_at_the_same_moment_one_is_granted",
        "of_calls_at_the_same_moment_one_is_granted_each_key",
        "a_completion_and_a_takeover_at_the_same_moment_exclude_each_other",
        "giving_up_at_the_moment_of_a_takeover_takes_nothing_from_the_winner",
        "a_renewal_and_a_takeover_at_the_same_moment_exclude_each_other",
        "of_marks_at_the_same_moment_one_is_the_success",
        "a_mark_and_a_claim_at_the_same_moment_exclude_each_other",
        "forgetting_at_the_moment_of_a_claim_takes_nothing_from_it",
    ];
    assert_eq!(conformance::NAMES, names);
}

/// The same of clients of queues.
#[test]
fn the_promises_of_queues_are_those_of_this_version() {
    let names = [
        "a_message_that_is_given_back_is_visible_at_once",
        "a_message_that_is_hidden_is_not_received",
        "past_12_hours_is_an_error_and_no_clamp",
        "what_is_deleted_is_gone_and_may_be_deleted_again",
        "a_receipt_of_a_deleted_message_is_lost",
        "each_entry_of_a_call_has_its_own_answer",
        "ten_entries_fit_one_call",
        "a_queue_that_is_not_there_is_denied",
        "the_attributes_say_when_messages_go_where",
        "a_copy_arrives_with_its_body_and_its_reason",
        "a_copy_that_was_sent_twice_has_one_original_id",
    ];
    assert_eq!(conformance::queues::NAMES, names);
}

/// The same of sources of messages.
#[test]
fn the_promises_of_sources_are_those_of_this_version() {
    let names = [
        "a_queue_is_found_with_what_it_is_set_to",
        "a_queue_that_is_not_there_is_denied",
        "nothing_to_receive_is_an_empty_list",
        "a_wait_ends_by_itself",
        "what_comes_during_a_wait_is_received",
        "at_most_so_many_are_received",
        "what_was_received_is_hidden_for_the_time_that_was_asked_for",
        "each_receive_is_counted_and_has_a_receipt_of_its_own",
        "a_message_comes_as_it_was_sent",
        "a_message_says_when_it_was_sent_and_first_received",
        "a_group_and_a_deduplication_id_are_said",
        "a_group_comes_in_its_order",
        "a_group_waits_for_what_is_in_flight",
        "an_attempt_that_is_asked_for_again_brings_the_same",
    ];
    assert_eq!(conformance::sources::NAMES, names);
}
