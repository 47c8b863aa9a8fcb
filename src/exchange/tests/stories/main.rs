//! What callers and agents meet, told in virtual time to the whole exchange.
#![cfg(test)]

mod agents;
mod callers;
mod edges;
mod limits;
mod nonsense;
mod site;
mod talks;
mod words;
mod world;
