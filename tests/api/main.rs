//! The API as its callers know it: a server of our own, asked over HTTP.

#![cfg(test)]

mod bodies;
mod document;
mod house;
mod keys;
mod lists;
mod requests;
mod walk;
mod work;
