//! The description, read as strictly as a test can: what is not in it must not be sent.

use std::collections::BTreeMap;

use jsonschema::{Draft, Validator};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tests::{Answer, Stack};

/// The document.
pub(crate) struct Document {
    all: Value,
    /// Its components, closed: no object may have a field of which nothing is said.
    closed: Value,
}

/// One path with its `get`.
#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) path: String,
    get: Value,
    parameters: Vec<Value>,
}

impl Document {
    pub(crate) async fn of(stack: &Stack) -> Self {
        let all = stack.get("/openapi.json").await.json();
        let mut closed = all["components"].clone();
        let parts = parts_of_others(&all);
        for (name, schema) in closed["schemas"].as_object_mut().unwrap() {
            if !parts.contains(&format!("#/components/schemas/{name}")) {
                close(schema);
            }
        }
        let document = Self { all, closed };
        document.examples_are_right();
        document
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        let paths = self.all["paths"].as_object().unwrap();
        paths.keys().map(|path| self.at(path)).collect()
    }

    /// The operation of a path as it is described.
    pub(crate) fn at(&self, path: &str) -> Operation {
        let item = &self.all["paths"][path];
        let methods: Vec<&String> = item.as_object().unwrap().keys().collect();
        assert_eq!(methods, ["get"], "{path}");
        let get = item["get"].clone();
        for field in ["summary", "description", "operationId", "tags"] {
            assert!(!get[field].is_null(), "{path} has no {field}");
        }
        let listed = get["parameters"].as_array().cloned().unwrap_or_default();
        let parameters = listed.iter().map(|listed| self.resolved(listed).clone()).collect();
        Operation { path: path.to_owned(), get, parameters }
    }

    /// The operation that answers at a path as it is asked for.
    pub(crate) fn operation_at(&self, asked: &str) -> Operation {
        let path = asked.split('?').next().unwrap();
        let fits = |operation: &Operation| {
            let (described, asked) = (operation.path.split('/'), path.split('/'));
            described.clone().count() == asked.clone().count()
                && described.zip(asked).all(|(said, part)| said.starts_with('{') || said == part)
        };
        let all = self.operations();
        // A path without a variable wins, as it does in the router.
        let plain = all.iter().find(|operation| operation.path == path);
        plain.or_else(|| all.iter().find(|operation| fits(operation))).unwrap().clone()
    }

    /// Every answer that is described.
    pub(crate) fn answers(&self) -> Vec<(String, u16)> {
        let of = |operation: &Operation| {
            let statuses = operation.get["responses"].as_object().unwrap().keys();
            statuses.map(|status| (operation.path.clone(), status.parse().unwrap())).collect()
        };
        self.operations().iter().flat_map(|operation| -> Vec<_> { of(operation) }).collect()
    }

    /// Holds an answer against what is said of it.
    pub(crate) fn check(&self, operation: &Operation, method: &Method, answer: &Answer) {
        let name = format!("{method} {} {}", operation.path, answer.status);
        let said = &operation.get["responses"][answer.status.to_string()];
        assert!(!said.is_null(), "{name} is not described: {answer:?}");
        let said = self.resolved(said);
        assert!(said["description"].is_string(), "{name}");
        self.check_headers(&name, &said["headers"], answer);
        let Some(content) = said["content"].as_object() else {
            assert_eq!(answer.text, "", "{name}");
            return;
        };
        let kind = answer.header("content-type");
        let content = content.get(kind).unwrap_or_else(|| panic!("{name}: {kind}"));
        if method == Method::HEAD {
            assert_eq!(answer.text, "", "{name}");
        } else {
            self.check_body(&name, &content["schema"], &answer.json());
        }
    }

    fn check_headers(&self, name: &str, said: &Value, answer: &Answer) {
        for (header, said) in said.as_object().unwrap() {
            let said = self.resolved(said);
            let Some(value) = answer.headers.get(header) else {
                assert!(said["required"] != true, "{name} has no {header}: {answer:?}");
                continue;
            };
            let text = value.to_str().unwrap();
            let value = match said["schema"]["type"].as_str() {
                Some("integer") => text.parse::<u64>().unwrap().into(),
                _ => Value::from(text),
            };
            self.check_body(&format!("{name} {header}"), &said["schema"], &value);
        }
    }

    fn check_body(&self, name: &str, schema: &Value, body: &Value) {
        let errors: Vec<String> = self
            .validator(schema)
            .iter_errors(body)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}\n{body:#}");
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        close(&mut schema);
        schema["components"] = self.closed.clone();
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        options.should_validate_formats(true).build(&schema).unwrap()
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else { return value };
        let found = self.all.pointer(reference.strip_prefix('#').unwrap());
        found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    /// What the document itself gives as examples of answers.
    fn examples_are_right(&self) {
        for operation in self.operations() {
            for (status, said) in operation.get["responses"].as_object().unwrap() {
                let said = self.resolved(said);
                for content in said["content"].as_object().into_iter().flat_map(Map::values) {
                    let named = content["examples"].as_object().into_iter().flat_map(Map::values);
                    let all = named.map(|example| &example["value"]).chain(content.get("example"));
                    let name = format!("example of {} {status}", operation.path);
                    all.for_each(|example| self.check_body(&name, &content["schema"], example));
                }
            }
        }
    }
}

impl Operation {
    pub(crate) fn answers(&self, status: u16) -> bool {
        !self.get["responses"][status.to_string()].is_null()
    }

    /// The names of its query parameters.
    pub(crate) fn query(&self) -> Vec<String> {
        let query = self.parameters.iter().filter(|parameter| parameter["in"] == "query");
        query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn examples_of(&self, name: &str) -> Vec<String> {
        let named = self.parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
        let example = &named["example"];
        assert!(!example.is_null() && named["description"].is_string(), "{name}: {named}");
        let text = |one: &Value| one.as_str().map_or_else(|| one.to_string(), ToOwned::to_owned);
        // A list is written with commas in between.
        let whole = |all: &Vec<Value>| all.iter().map(text).collect::<Vec<_>>().join(",");
        vec![example.as_array().map_or_else(|| text(example), whole)]
    }

    /// The path with the examples of all that must be given; days are this one.
    pub(crate) fn example(&self, day: &str) -> String {
        self.filled(day, &BTreeMap::new())
    }

    /// The same with another value for one parameter, or with it added.
    pub(crate) fn with(&self, day: &str, name: &str, value: &str) -> String {
        self.filled(day, &BTreeMap::from([(name, value)]))
    }

    fn filled(&self, day: &str, others: &BTreeMap<&str, &str>) -> String {
        let (mut path, mut query) = (self.path.clone(), Vec::new());
        for parameter in &self.parameters {
            let name = parameter["name"].as_str().unwrap();
            let is_day = parameter["schema"]["format"] == "date";
            let other = others.get(name).map(|value| (*value).to_owned());
            let example =
                || if is_day { day.to_owned() } else { self.examples_of(name).swap_remove(0) };
            let required = parameter["required"] == true;
            let Some(value) = other.or_else(|| required.then(example)) else { continue };
            match parameter["in"].as_str().unwrap() {
                "path" => path = path.replace(&format!("{{{name}}}"), &value),
                "query" => query.push(format!("{name}={}", value.replace('+', "%2B"))),
                other => panic!("{name} must be given in {other}"),
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

/// The schemas that stand in an `allOf`: closing them would shut out what stands beside them.
fn parts_of_others(all: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = vec![all];
    while let Some(value) = rest.pop() {
        if let Some(parts) = value.get("allOf").and_then(Value::as_array) {
            found.extend(parts.iter().filter_map(|part| Some(part["$ref"].as_str()?.to_owned())));
        }
        match value {
            Value::Object(fields) => rest.extend(fields.values()),
            Value::Array(values) => rest.extend(values),
            _ => {}
        }
    }
    found
}

/// Forbids fields of which a schema says nothing.
fn close(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    if fields.contains_key("properties") || fields.contains_key("allOf") {
        fields.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    for (name, inner) in fields {
        match (name.as_str(), inner) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(close),
            ("items", inner) => close(inner),
            ("oneOf" | "anyOf", Value::Array(others)) => others.iter_mut().for_each(close),
            _ => {}
        }
    }
}
