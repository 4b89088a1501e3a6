//! What is judged: the queues, functions, mappings, tables, roles, alarms and log groups of a template or a stack, typed.
//!
//! Nothing here knows where it was read from. A reference to another resource is text: an ARN or a name, in which `${Queue.Arn}`
//! stands for what only a deployment knows.

mod role;

pub(super) use self::role::{Covers, Role, Statement};

use super::{
    resolve::has_symbol,
    setting::{Place, Setting},
};

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) queues: Vec<Queue>,
    pub(crate) functions: Vec<Function>,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) tables: Vec<Table>,
    pub(crate) roles: Vec<Role>,
    pub(crate) queue_policies: Vec<QueuePolicy>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) log_groups: Vec<LogGroup>,
    /// What EventBridge Pipes takes events from.
    pub(crate) pipes: Vec<Setting<String>>,
    /// What queues are named as dead-letter queues by anything at all.
    pub(crate) dead_letter_targets: Vec<String>,
    /// Whether this is all there is. Only then can something be missing.
    pub(crate) whole: bool,
}

/// What a resource is called, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Id {
    /// The name that its template has for it.
    pub(crate) resource: String,
    pub(crate) place: Place,
    /// The name that the service has for it.
    pub(crate) name: Setting<String>,
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) id: Id,
    pub(crate) fifo: Setting<bool>,
    pub(crate) visibility: Setting<u64>,
    pub(crate) retention: Setting<u64>,
    pub(crate) wait: Setting<u64>,
    pub(crate) redrive: Setting<Redrive>,
    /// It says which queues may use it as their dead-letter queue.
    pub(crate) allows_redrive: Setting<bool>,
    pub(crate) managed_encryption: Setting<bool>,
    pub(crate) key: Setting<bool>,
}

/// A redrive policy.
#[derive(Clone, Debug)]
pub(crate) struct Redrive {
    pub(crate) target: Setting<String>,
    pub(crate) max_receives: Setting<u64>,
}

#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) id: Id,
    pub(crate) timeout: Setting<u64>,
    pub(crate) reserved: Setting<u64>,
    pub(crate) idempotency_table: Setting<String>,
    pub(crate) dead_letter_queue: Setting<String>,
    pub(crate) backoff: Setting<String>,
    pub(crate) role: FunctionRole,
}

/// By which role a function runs.
#[derive(Debug)]
pub(crate) enum FunctionRole {
    /// The one of this name or ARN.
    Named(Setting<String>),
    /// One that SAM makes for it.
    Generated(Role),
}

/// An event source mapping from a queue to a function.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) id: Id,
    pub(crate) queue: Setting<String>,
    pub(crate) function: Setting<String>,
    pub(crate) response_types: Setting<Vec<String>>,
    pub(crate) batch_size: Setting<u64>,
    pub(crate) window: Setting<u64>,
    pub(crate) max_concurrency: Setting<u64>,
    pub(crate) provisioned: Setting<bool>,
    pub(crate) filters: Setting<bool>,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) id: Id,
    pub(crate) keys: Setting<Vec<TableKey>>,
    pub(crate) ttl_attribute: Setting<String>,
    pub(crate) ttl_enabled: Setting<bool>,
}

#[derive(Clone, Debug)]
pub(crate) struct TableKey {
    pub(crate) attribute: Setting<String>,
    pub(crate) role: Setting<String>,
    /// `S`, `N` or `B`.
    pub(crate) kind: Setting<String>,
}

/// What a queue itself lets others do.
#[derive(Debug)]
pub(crate) struct QueuePolicy {
    pub(crate) id: Id,
    pub(crate) statements: Vec<Statement>,
}

#[derive(Debug)]
pub(crate) struct Alarm {
    pub(crate) id: Id,
    pub(crate) metrics: Vec<Metric>,
}

#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) namespace: Setting<String>,
    pub(crate) name: Setting<String>,
    pub(crate) queue: Setting<String>,
}

#[derive(Debug)]
pub(crate) struct LogGroup {
    pub(crate) id: Id,
    pub(crate) retention: Setting<u64>,
}

impl Id {
    /// Whether a reference means this resource: `${Name}`, `${Name.Arn}`, its name, or an ARN that ends with that.
    pub(crate) fn is_meant_by(&self, reference: &str) -> bool {
        if stands_in(reference, &self.resource) {
            return true;
        }
        let Some(name) = self.name.known().filter(|name| !name.is_empty()) else { return false };
        reference.strip_suffix(name.as_str()).is_some_and(ends_a_part)
    }
}

impl Model {
    pub(crate) fn queue(&self, reference: &Setting<String>) -> Option<&Queue> {
        let reference = reference.known()?;
        self.queues.iter().find(|queue| queue.id.is_meant_by(reference))
    }

    /// Whether a reference may mean any queue: it is known only in part, and what is known means none of these.
    pub(crate) fn may_be_any_queue(&self, reference: &Setting<String>) -> bool {
        match reference {
            Setting::Known(text, _) => has_symbol(text) && self.queue(reference).is_none(),
            Setting::Absent => false,
            Setting::Unknown => true,
        }
    }

    pub(crate) fn function(&self, reference: &Setting<String>) -> Option<&Function> {
        let reference = reference.known()?;
        self.functions.iter().find(|function| function.id.is_meant_by(reference))
    }

    pub(crate) fn table(&self, reference: &Setting<String>) -> Option<&Table> {
        let reference = reference.known()?;
        self.tables.iter().find(|table| table.id.is_meant_by(reference))
    }

    /// The role of a function, where it is described here.
    pub(crate) fn role<'a>(&'a self, function: &'a Function) -> Option<&'a Role> {
        match &function.role {
            FunctionRole::Generated(role) => Some(role),
            FunctionRole::Named(name) => {
                self.roles.iter().find(|role| name.known().is_some_and(|name| role.id.is_meant_by(name)))
            }
        }
    }

    pub(crate) fn mappings_of(&self, queue: &Queue) -> impl Iterator<Item = &Mapping> {
        self.mappings.iter().filter(|mapping| mapping.queue.known().is_some_and(|name| queue.id.is_meant_by(name)))
    }

    /// What AWS polls by itself, by long polling whatever a queue says.
    pub(crate) fn polled_by_aws(&self) -> impl Iterator<Item = &Setting<String>> {
        self.mappings.iter().map(|mapping| &mapping.queue).chain(&self.pipes)
    }

    /// The functions that consume a queue, each once.
    pub(crate) fn consumers(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(|function| self.mappings_to(function).next().is_some())
    }

    pub(crate) fn mappings_to(&self, function: &Function) -> impl Iterator<Item = &Mapping> {
        let is_meant = |mapping: &&Mapping| mapping.function.known().is_some_and(|name| function.id.is_meant_by(name));
        self.mappings.iter().filter(is_meant)
    }

    /// The queues whose redrive policies name this one.
    pub(crate) fn sources_of(&self, dead_letters: &Queue) -> impl Iterator<Item = (&Queue, &Redrive)> {
        let sources = self.queues.iter().filter_map(|queue| Some((queue, queue.redrive.known()?)));
        sources.filter(|(_, redrive)| redrive.target.known().is_some_and(|target| dead_letters.id.is_meant_by(target)))
    }

    /// Whether a queue is there for dead letters: something names it so, it says so itself, or its name does.
    pub(crate) fn is_for_dead_letters(&self, queue: &Queue) -> bool {
        let is_named = self.dead_letter_targets.iter().any(|target| queue.id.is_meant_by(target));
        let names = [Some(&queue.id.resource), queue.id.name.known()];
        is_named || !queue.allows_redrive.is_absent() || names.into_iter().flatten().any(|name| says_dead_letters(name))
    }
}

impl Queue {
    /// Whether it is a FIFO queue; `None` where nobody can say.
    pub(crate) fn is_fifo(&self) -> Option<bool> {
        let named = self.id.name.known().filter(|name| name.ends_with(".fifo"));
        if named.is_some() { Some(true) } else { self.fifo.or_default(false) }
    }
}

/// Whether `${name}`, or an attribute of it, is one whole part of a text: `${Queue.QueueName}-dead` is another name.
fn stands_in(text: &str, name: &str) -> bool {
    let symbols = text.match_indices("${").filter_map(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let (symbol, after) = rest.strip_prefix("${")?.split_once('}')?;
        Some((before, symbol, after))
    });
    let is_meant = |symbol: &str| symbol.split('.').next() == Some(name);
    let begins_a_part = |after: &str| after.is_empty() || after.starts_with([':', '/']);
    symbols.into_iter().any(|(before, symbol, after)| is_meant(symbol) && ends_a_part(before) && begins_a_part(after))
}

/// Whether a name can begin after this.
fn ends_a_part(before: &str) -> bool {
    before.is_empty() || before.ends_with([':', '/'])
}

fn says_dead_letters(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    letters.contains("dlq") || letters.contains("deadletter")
}

#[cfg(test)]
mod tests {
    use super::{Id, says_dead_letters};
    use crate::doctor::setting::{Place, Setting};

    #[test]
    fn a_resource_is_meant_by_itself_its_attributes_its_name_and_arns() {
        let place = Place::line(1);
        let name = Setting::Known("${AWS::StackName}-orders".to_owned(), place);
        let id = Id { resource: "Orders".to_owned(), place, name };
        for reference in [
            "${Orders}",
            "${Orders.Arn}",
            "${Orders.Arn}:live",
            "${Orders.Arn}/index/*",
            "arn:aws:sqs:eu-west-1:1:${Orders.QueueName}",
            "${AWS::StackName}-orders",
            "arn:aws:sqs:eu-west-1:${AWS::AccountId}:${AWS::StackName}-orders",
        ] {
            assert!(id.is_meant_by(reference), "{reference}");
        }
        for reference in [
            "",
            "Orders",
            "${OrdersDead}",
            "${Other.Orders}",
            "${Orders.QueueName}-dead",
            "old-${Orders}",
            "arn:aws:sqs:eu-west-1:1:old-${AWS::StackName}-orders",
            "${",
        ] {
            assert!(!id.is_meant_by(reference), "{reference}");
        }
    }

    #[test]
    fn a_name_may_say_that_a_queue_is_for_dead_letters() {
        for name in ["OrdersDLQ", "orders-dlq.fifo", "OrdersDeadLetterQueue", "orders_dead_letter"] {
            assert!(says_dead_letters(name), "{name}");
        }
        assert!(!says_dead_letters("Letters") && !says_dead_letters("deadlines"));
    }
}
