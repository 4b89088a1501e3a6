//! Orders from a seed.

use crate::{Item, Order, chance::Chance};

const SKUS: [&str; 6] = ["mug", "espresso-250g", "filter-paper-100", "kettle", "grinder", "café-500g"];

/// The `nth` order of a seed: the same one each time.
pub(super) fn order(seed: u64, nth: u64, customers: u64) -> Order {
    let chance = Chance::new(seed);
    let items = 1 + chance.choose("items", nth, 3);
    Order {
        order_id: format!("A-{seed}-{nth}"),
        customer_id: format!("C-{}", chance.choose("customer", nth, customers)),
        payment_token: "tok_visa".into(),
        items: (0..items).map(|position| item(chance, nth, position)).collect(),
    }
}

fn item(chance: Chance, nth: u64, position: u64) -> Item {
    let draw = |what: &str, choices| chance.choose(&format!("{what} {position}"), nth, choices);
    let sku = usize::try_from(draw("sku", SKUS.len() as u64)).ok().and_then(|index| SKUS.get(index));
    Item {
        sku: sku.copied().unwrap_or_default().into(),
        quantity: 1 + draw("quantity", 3),
        unit_price_cents: 199 + draw("price", 9_800),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_can_be_charged_and_is_the_same_again() {
        for nth in 1..=1_000 {
            let order = order(u64::MAX, nth, 7);
            assert!(order.total_cents().is_ok_and(|cents| cents >= 199), "{order:?}");
            assert!((1..=3).contains(&order.items.len()) && order.items.iter().all(|item| !item.sku.is_empty()));
            assert_eq!(order, super::order(u64::MAX, nth, 7));
        }
    }
}
