//! What callers and agents meet, told in virtual time to the whole exchange.
#![cfg(test)]

mod agents;
mod asked;
mod callers;
mod conferences;
mod desks;
mod edges;
mod limits;
mod missed;
mod nonsense;
mod outside;
mod overheard;
mod parks;
mod pickups;
mod site;
mod sits;
mod supervisors;
mod talks;
mod transfers;
mod words;
mod world;
