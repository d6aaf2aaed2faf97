//! Three ways of working that need more than one tool.
//!
//! Invariant: what the user gives is put between marks, as something to work on.

use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};

struct Way {
    name: &'static str,
    about: &'static str,
    argument: (&'static str, &'static str, bool),
    text: &'static str,
}

const WAYS: &[Way] = &[
    Way {
        name: "change_safely",
        about: "Make a change without breaking another service",
        argument: ("task", "What is to be changed", true),
        text: "Make the change below without breaking another service.\n\
1. Call `context` with the task. Read who calls what you are about to change, and the contracts on both sides.\n\
2. For each endpoint, message, table or setting that changes, call `find` with its name: every side has to change, or still \
understand the old form. Say which order of deployment is safe.\n\
3. Make the change, with tests.\n\
4. Call `findings` with `since` set to the commit you started from. Repair what the change adds, or say why it is acceptable.\n\
A missing interaction means that none is proven, not that there is none: say what you could not see.",
    },
    Way {
        name: "debug_across_services",
        about: "Find where an error comes from",
        argument: ("error", "The log line, exception or symptom, as it is", true),
        text: "Find where the error below comes from.\n\
1. Call `diagnose` with it as `error`, and read the suspects' reasons; `context` with it as `error` has more of their surroundings. Note \
which service writes the message, and whom it calls there.\n\
2. Follow the call to the service that answers it (`path`, `at` on the lines that you are given) until you reach the line that can fail.\n\
3. Look at timeouts, retries and settings on the way: `findings` with each service, `drift` for settings that disagree.\n\
4. Answer with the chain of files and lines from symptom to cause, what is proven, and what you only suspect.",
    },
    Way {
        name: "review_diff",
        about: "Review a change for what it does to other services",
        argument: ("since", "The commit or branch to compare with; `main` unless given", false),
        text: "Review the change since the revision below for what it does to other services.\n\
1. Call `findings` with it as `since`: these are hazards that the change adds.\n\
2. Take the diff from version control and call `context` with it as `diff`: who else reads or calls what it changes?\n\
3. For each changed contract, message, table or setting say whether every other side still works, with the line that shows it.\n\
4. List what has to change before it is merged first, then what is worth improving, each with file and line.",
    },
];

pub fn all() -> Vec<Prompt> {
    let of = |way: &Way| {
        let (name, about, required) = way.argument;
        let argument = PromptArgument::new(name).with_description(about).with_required(required);
        Prompt::new(way.name, Some(way.about), Some(vec![argument]))
    };
    WAYS.iter().map(of).collect()
}

pub fn get(name: &str, arguments: Option<&JsonObject>) -> Result<GetPromptResult, ErrorData> {
    let Some(way) = WAYS.iter().find(|w| w.name == name) else {
        let names: Vec<&str> = WAYS.iter().map(|w| w.name).collect();
        return Err(ErrorData::invalid_params(
            format!("there is no prompt `{name}`: choose {}", names.join(", ")),
            None,
        ));
    };
    let (argument, _, required) = way.argument;
    let given =
        arguments.and_then(|a| a.get(argument)).and_then(|v| v.as_str()).map(str::trim).filter(|v| !v.is_empty());
    let given = match given {
        None if required => return Err(ErrorData::invalid_params(format!("`{name}` needs `{argument}`"), None)),
        None => "main",
        Some(given) => given,
    };
    let text = format!("{}\n\n<{argument}>\n{given}\n</{argument}>", way.text);
    let mut result = GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]);
    result.description = Some(way.about.to_owned());
    Ok(result)
}
