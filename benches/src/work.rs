//! The work on one message, and the event that brings it: the same as `.ci/instructions` counts. The files are in the package that is published.

#[path = "../../runtime/benches/work/event.rs"]
pub mod event;
#[path = "../../runtime/benches/work/order.rs"]
mod order;

pub use self::order::{Order, WrongOrder};
use crate::runs;

/// Notes that it runs, and adds up its items.
///
/// # Errors
///
/// If the order is wrong.
pub fn place(order: &Order) -> Result<(), WrongOrder> {
    runs::note(order.id());
    order.place()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{
        event::{event, message_id},
        *,
    };

    fn order(sku: &str, total: u64) -> Order {
        let text = format!(
            r#"{{"order_id":"o","customer":"c","currency":"EUR","items":[{{"sku":"{sku}","quantity":2,"cents":3}}],"total_cents":{total}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_order_is_placed_where_its_total_is_right_and_nothing_is_empty() {
        assert_eq!(place(&order("TEA", 6)), Ok(()));
        assert!(place(&order("TEA", 7)).is_err());
        assert!(place(&order("", 6)).is_err());
    }

    #[test]
    fn the_event_is_json_and_the_orders_are_right_but_those_that_are_wrong() {
        let event: Value = serde_json::from_str(&event(7..9, |number| number == 8)).unwrap();
        let body = |index: usize| event["Records"][index]["body"].as_str().unwrap().to_owned();
        let place = |index| place(&serde_json::from_str::<Order>(&body(index)).unwrap());
        assert!(place(0).is_ok() && place(1).is_err());
        assert!((330..380).contains(&body(0).len()), "{}", body(0).len());
        assert_eq!(event["Records"][1]["messageId"], message_id(8));
    }
}
