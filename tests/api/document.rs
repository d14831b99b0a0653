//! The document: what it promises, and that it holds every operation.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: String,
    pub path: String,
    /// What a key has to be allowed.
    pub permission: Option<String>,
    /// Whether it is for keys of the installation.
    pub is_admin: bool,
    pub about: Value,
}

/// The document.
pub fn document() -> Value {
    serde_json::to_value(api::document()).unwrap()
}

/// Every operation of it.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, about) in methods.as_object().unwrap() {
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                permission: about["x-permission"].as_str().map(str::to_owned),
                is_admin: about["x-admin"] == true,
                about: about.clone(),
            });
        }
    }
    all
}

impl Operation {
    /// The schema of its JSON body, and the type that it is sent as.
    pub fn body(&self) -> Option<(String, &Value)> {
        let content = self.about["requestBody"]["content"].as_object()?;
        let (kind, media) = content.iter().next()?;
        Some((kind.clone(), &media["schema"]))
    }

    /// Its parameters that stand there.
    pub fn parameters(&self, place: &str) -> Vec<&Value> {
        let all = self.about["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(|it| it["in"] == place).collect()
    }
}

/// The document as it was agreed on. A change to it is looked at before it is accepted: `cargo insta review`.
#[test]
fn the_document_is_the_one_that_was_agreed_on() {
    let document = document();
    // A line for each operation and each schema: what changes is seen at a glance, and nothing is left out.
    let mut lines = Vec::new();
    for operation in operations(&document) {
        lines.push(format!("{} {} {}", operation.method, operation.path, operation.about));
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        lines.push(format!("{name} {schema}"));
    }
    for part in ["openapi", "info", "tags"] {
        lines.push(format!("{part} {}", document[part]));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_operation_is_named_once_and_says_who_may_and_what_comes() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    for operation in operations(&document) {
        let Operation { method, path, about, .. } = &operation;
        let what = format!("{method} {path}");
        let name = about["operationId"].as_str().unwrap_or_else(|| panic!("{what} has no name"));
        assert!(names.insert(name.to_owned()), "two operations are called {name}");
        assert!(!about["summary"].as_str().unwrap_or_default().is_empty(), "{what}: no summary");
        for tag in about["tags"].as_array().unwrap() {
            assert!(tags.contains(tag.as_str().unwrap()), "{what}: nobody explains {tag}");
        }
        let answers = about["responses"].as_object().unwrap();
        assert!(answers.keys().any(|it| it.starts_with('2')), "{what} never goes well");
        if path.starts_with("/v1/") {
            assert!(operation.permission.is_some(), "{what} is open to everybody");
            for status in ["401", "403", "429", "500", "503"] {
                assert!(answers.contains_key(status), "{what} does not say what {status} means");
            }
            assert_eq!(path.starts_with("/v1/admin/"), operation.is_admin, "{what}");
        }
        let headers: Vec<&str> =
            operation.parameters("header").iter().filter_map(|it| it["name"].as_str()).collect();
        if method == "POST" {
            assert!(headers.contains(&"Idempotency-Key"), "{what} cannot be repeated");
        }
        if method == "PATCH" {
            assert!(headers.contains(&"If-Match"), "{what} overwrites what others wrote");
        }
    }
}

#[test]
fn every_object_that_is_taken_names_all_of_its_fields() {
    let document = document();
    for operation in operations(&document) {
        let Some((kind, schema)) = operation.body() else { continue };
        let schema = resolved(&document, schema);
        let what = format!("{} {} {kind}", operation.method, operation.path);
        let is_open = schema["oneOf"].is_null() && schema["additionalProperties"] != json!(false);
        assert!(!is_open, "{what} takes anything: {schema}");
    }
}

/// A schema, wherever it stands.
pub fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}
