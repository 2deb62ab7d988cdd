//! What threads do to objects that they share, in every order that the memory model allows (loom). The sources are the library's
//! own, all of them: `core` and `libc` are replaced by ones whose atomics are loom's, and which watch memory (`core.rs`, `memory.rs`).
//! Prints TAP. Each model runs as it is, and must fail once a fault has been planted.

#![allow(dead_code, unused_imports, unfulfilled_lint_expectations, reason = "a model uses a part of the library")]

// In the place of the real ones, in all modules.
extern crate pybuffer_models as core;
extern crate pybuffer_models as libc;

#[path = "../../src/abi/mod.rs"]
mod abi;
#[path = "../../src/buffer/mod.rs"]
mod buffer;
#[path = "../../src/capi/mod.rs"]
mod capi;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/format/mod.rs"]
mod format;
#[path = "../../src/interop/mod.rs"]
mod interop;
#[path = "../../src/kernels/mod.rs"]
mod kernels;
#[path = "../../src/layout/mod.rs"]
mod layout;
#[path = "../../src/objects/mod.rs"]
mod objects;
#[path = "../../src/platform/mod.rs"]
mod platform;
#[path = "../../src/runtime/mod.rs"]
mod runtime;

mod exporter;
mod models;

use core::Planted;
use models::MODELS;
use std::env;
use std::process::{Command, ExitCode};

/// How often a thread may be interrupted, rather than wait or end, in an order that is tried: MODELS_PREEMPTIONS, or as often as it has
/// steps.
fn preemptions() -> Option<usize> {
    env::var("MODELS_PREEMPTIONS").ok().and_then(|number| number.parse().ok())
}

/// Runs a model in all orders, or until one fails. A failure may end the process: it happens below functions of C.
fn check(model: fn(), fault: Planted) {
    core::plant(fault);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions();
    builder.max_branches = 20_000;
    builder.check(move || core::run(|| models::alone(model)));
    println!("{} orders", models::executions());
}

/// Whether a model holds, in a process of its own, and what that has printed last.
fn holds(name: &str, fault: Planted) -> (bool, String) {
    let run = env::current_exe().and_then(|this| Command::new(this).args([name, &format!("{fault:?}")]).output());
    match run {
        Ok(output) if output.status.success() => (true, String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            (false, models::reason(&text).to_owned())
        }
        Err(error) => (false, error.to_string()),
    }
}

fn main() -> ExitCode {
    if let (Some(name), Some(fault)) = (env::args().nth(1), env::args().nth(2)) {
        let (_, model, faults) = MODELS.iter().find(|model| model.0 == name).expect("a model");
        let all = [Planted::Nothing].iter().chain(*faults);
        check(*model, *all.clone().find(|known| format!("{known:?}") == fault).expect("a fault"));
        return ExitCode::SUCCESS;
    }
    let (mut number, mut failed) = (0, false);
    let mut test = |name: String, good: bool, why: String| {
        number += 1;
        failed |= !good;
        println!("{}ok {number} - {name}\n# {why}", if good { "" } else { "not " });
    };
    for (name, _, faults) in MODELS {
        let (held, why) = holds(name, Planted::Nothing);
        test((*name).to_owned(), held, why);
        for fault in *faults {
            let (held, why) = holds(name, *fault);
            test(format!("{name}: {fault:?} is found"), !held, why);
        }
    }
    println!("1..{number}");
    ExitCode::from(u8::from(failed))
}
