//! For doubles that change some answers of a store: what they leave as it is.

/// These methods of `IdempotencyStore` are those of the field `store`.
macro_rules! as_its_store {
    ($($method:ident),*) => { $(crate::as_store::as_its_store!(@ $method);)* };
    (@ claim) => { crate::as_store::as_its_store!(@ claim: [ClaimRequest] -> ClaimAnswer); };
    (@ complete) => { crate::as_store::as_its_store!(@ complete: [CompleteRequest] -> CompleteAnswer); };
    (@ release) => { crate::as_store::as_its_store!(@ release: [Lease] -> HeldAnswer); };
    (@ fail) => { crate::as_store::as_its_store!(@ fail: [FailRequest] -> HeldAnswer); };
    (@ renew) => { crate::as_store::as_its_store!(@ renew: [RenewRequest] -> RenewAnswer); };
    (@ mark) => { crate::as_store::as_its_store!(@ mark: [MarkRequest] -> CompleteAnswer); };
    (@ read) => { crate::as_store::as_its_store!(@ read: [IdempotencyKey] -> ReadAnswer); };
    (@ forget) => {
        fn forget<'a>(
            &'a self,
            key: &'a sqs_runtime::claim::IdempotencyKey,
        ) -> futures_util::future::BoxFuture<'a, Result<bool, sqs_runtime::claim::StoreError>> {
            self.store.forget(key)
        }
    };
    (@ $method:ident: [$asked:ident] -> $answer:ident) => {
        fn $method<'a>(
            &'a self,
            all: &'a [sqs_runtime::claim::$asked],
            time: Option<std::time::Duration>,
        ) -> futures_util::future::BoxFuture<'a, Vec<sqs_runtime::claim::$answer>> {
            self.store.$method(all, time)
        }
    };
}

pub(crate) use as_its_store;
