//! The checker of exporters: sends every request, and checks the answers.
//!
//! The exporter is not trusted. What it must keep for the checker to survive is what every consumer has to rely on: where
//! `ndim` is 0 to 64, arrays that are not NULL have that many entries, and `format` is NULL or a C string, until the view
//! is released; `obj` is NULL or an object. Extra references are held meanwhile, so that a drop too many is
//! noticed and repaired.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::NonNull;

use crate::abi::buffer::Py_buffer;
use crate::abi::exporting::pybuffer_settle;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::layout::Order;
use crate::runtime::exceptions;
use crate::runtime::indicator;
use crate::runtime::refs;
use crate::runtime::types;

use super::report::{Listener, Reporter, Rule, STRUCTURES, WITH, names};
use super::request::Request;
use super::verify::{Model, UNSET, verify};
use super::view::{GetBuffer, getbuffer_slot, release};

/// `pybuffer_check_exporter`: the number of rules that the exporter breaks. A pending error is left as it is.
///
/// # Safety
/// O1; no other thread uses the object; the functions may be called with `context`.
pub(crate) unsafe fn check_exporter(
    obj: NonNull<PyObject>,
    listener: Listener,
    settle: pybuffer_settle,
    context: *mut c_void,
) -> Result<u32> {
    // SAFETY: the caller guarantees O1; its thread alone uses the object.
    unsafe {
        let getbuffer = getbuffer_slot(obj.as_ptr())?;
        indicator::quietly(|| {
            let mut checker = Checker {
                obj: Padded::new(obj.as_ptr()),
                other: None,
                getbuffer,
                model: Model::new(),
                reporter: Reporter::new(listener, context),
                kept: true,
                settle,
                context,
                unbalanced: Unbalanced::Never,
            };
            checker.run()?;
            if checker.unbalanced == Unbalanced::Once {
                checker.unbalanced = Unbalanced::Again;
                checker.run()?;
            }
            Ok(checker.reporter.count())
        })
    }
}

/// An object with some extra references, so that it survives a few that are dropped by mistake.
struct Padded {
    object: *mut PyObject,
    /// How many of them this value must drop.
    references: usize,
}

impl Padded {
    /// # Safety
    /// O1, now; the object has a reference that is not dropped before this value.
    unsafe fn new(object: *mut PyObject) -> Self {
        let references = 8;
        // SAFETY: the caller guarantees O1.
        (0..references).for_each(|_| unsafe { refs::incref(object) });
        Self { object, references }
    }

    /// Leaves some references to the object, to replace those that were dropped by mistake.
    fn give_up(&mut self, references: usize) {
        self.references = self.references.saturating_sub(references);
    }
}

impl Drop for Padded {
    fn drop(&mut self) {
        // SAFETY: `new` took them.
        (0..self.references).for_each(|_| unsafe { refs::decref(self.object) });
    }
}

/// An object that the exporter puts into `obj` in its own place.
struct Other {
    padded: Padded,
    /// Whether it is known to come with a reference.
    verified: bool,
    /// How often it has been released before that was known.
    released: usize,
}

/// Reference counts before an operation.
#[derive(Clone, Copy)]
struct ReferenceCounts {
    obj: Py_ssize_t,
    /// The other object and its count.
    other: Option<(*mut PyObject, Py_ssize_t)>,
}

/// How a request went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The view has been filled and must be released.
    Answered,
    /// It failed with a `BufferError`.
    Refused,
    /// It broke a rule, so nothing follows from it. There is no view to release (any more).
    Broken,
}

/// A request and how it went.
#[derive(Clone, Copy)]
struct Asked {
    flags: c_int,
    /// The place of what it asks for in `STRUCTURES`.
    structure: usize,
    outcome: Outcome,
}

impl Asked {
    const fn request(&self) -> Request {
        Request::of_slot(self.flags)
    }
}

/// What is known about reference counts that have changed. What an exporter keeps of the first answers, in a cache, does not
/// grow any more when all is asked again; a leak does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unbalanced {
    /// None has.
    Never,
    /// One has, in the first round.
    Once,
    /// This is the second round, and what changes breaks the rule.
    Again,
}

const REQUESTS: usize = STRUCTURES.len() * WITH.len();

/// The place in `STRUCTURES` from which on all ask for C-contiguous memory.
const C_CONTIGUOUS: usize = 4;

/// Whether memory that meets the request at place `b` of `STRUCTURES` meets that at place `a`.
const fn follows(a: usize, b: usize) -> bool {
    match a {
        // Anything; no pointers; contiguous in either order.
        0..=2 => b >= a,
        // Fortran order.
        3 => b == 3,
        _ => b >= C_CONTIGUOUS,
    }
}

struct Checker {
    obj: Padded,
    other: Option<Other>,
    getbuffer: GetBuffer,
    model: Model,
    reporter: Reporter,
    /// Whether the memory was what the last request was promised.
    kept: bool,
    /// Called with the context after each call of the exporter's.
    settle: pybuffer_settle,
    context: *mut c_void,
    unbalanced: Unbalanced,
}

impl Checker {
    /// A round of all requests.
    ///
    /// # Safety
    /// As [`check_exporter`], for all functions here.
    #[inline(never)]
    unsafe fn run(&mut self) -> Result<()> {
        self.reporter.situation = c"";
        let mut all = [Asked { flags: 0, structure: 0, outcome: Outcome::Broken }; REQUESTS];
        let requests = STRUCTURES
            .iter()
            .enumerate()
            .flat_map(|(structure, (flags, _))| WITH.iter().map(move |(with, _)| (structure, flags | with)));
        // SAFETY: the caller guarantees O1; its thread alone uses the object.
        unsafe {
            for (asked, (structure, flags)) in all.iter_mut().zip(requests) {
                *asked = Asked { flags, structure, outcome: self.twice(flags)? };
            }
            self.refusals(&all);
            self.while_held(&all)?;
            self.in_another_order(&all)
        }
    }

    /// Asks twice, with nothing else held.
    ///
    /// # Safety
    /// See [`Self::run`].
    unsafe fn twice(&mut self, flags: c_int) -> Result<Outcome> {
        // SAFETY: the caller guarantees O1; its thread alone uses the object.
        let (first, second) = unsafe { (self.alone(flags)?, self.alone(flags)?) };
        if first == second {
            return Ok(first);
        }
        if first != Outcome::Broken && second != Outcome::Broken {
            let text = if first == Outcome::Answered {
                c"answered, and refused when asked again"
            } else {
                c"refused, and answered when asked again"
            };
            self.broken(Rule::Outcome, flags, text, &[]);
        }
        Ok(Outcome::Broken)
    }

    /// Asks, and releases.
    ///
    /// # Safety
    /// See [`Self::run`].
    unsafe fn alone(&mut self, flags: c_int) -> Result<Outcome> {
        let mut view = UNSET;
        let view = &raw mut view;
        // SAFETY: the caller guarantees O1; its thread alone uses the object; the view stays where it is (B2).
        unsafe {
            let before = self.counts();
            let outcome = self.ask(view, flags)?;
            if outcome != Outcome::Answered {
                return Ok(outcome);
            }
            let kept = self.kept;
            self.give_back(view, flags);
            self.balance(before, flags, c"the reference count has changed by %zd after the view was released");
            Ok(if kept { Outcome::Answered } else { Outcome::Broken })
        }
    }

    /// Sends all requests again while a view is held, which must not change.
    ///
    /// # Safety
    /// See [`Self::run`].
    unsafe fn while_held(&mut self, all: &[Asked]) -> Result<()> {
        let mut answered = all.iter().filter(|asked| asked.outcome == Outcome::Answered);
        let Some(first) = answered.next() else { return Ok(()) };
        let mut held = UNSET;
        let held = &raw mut held;
        self.reporter.situation = c" (while another view is held)";
        // SAFETY: the caller guarantees O1; its thread alone uses the object; the view stays where it is (B2).
        unsafe {
            let before = self.counts();
            if self.ask(held, first.flags)? == Outcome::Answered {
                let mut result = Ok(());
                for asked in all.iter().filter(|asked| asked.outcome == Outcome::Answered) {
                    result = self.alone(asked.flags).map(|_| ());
                    if result.is_err() {
                        break;
                    }
                }
                self.reporter.situation = c" (after other requests, with the view still held)";
                verify(&*held, first.flags, &mut self.model, &mut self.reporter);
                self.give_back(held, first.flags);
                result?;
                self.balance(
                    before,
                    first.flags,
                    c"the reference count has changed by %zd after all views were released",
                );
            }
        }
        Ok(())
    }

    /// Holds several views at once, and releases them in another order than that of the requests or its reverse.
    ///
    /// # Safety
    /// See [`Self::run`].
    unsafe fn in_another_order(&mut self, all: &[Asked]) -> Result<()> {
        let answered = || all.iter().filter(|asked| asked.outcome == Outcome::Answered);
        let (Some(first), Some(last)) = (answered().next(), answered().next_back()) else { return Ok(()) };
        let flags = [first.flags, last.flags, first.flags];
        let mut views = [UNSET; 3];
        // By pointer, since a view may point into itself.
        let views = (&raw mut views).cast::<Py_buffer>();
        let mut held = [false; 3];
        self.reporter.situation = c" (while other views are held)";
        // SAFETY: the caller guarantees O1; its thread alone uses the object; the views stay where they are (B2), and there is
        // one for each of the flags.
        unsafe {
            let before = self.counts();
            let mut result = Ok(());
            for (index, (held, flags)) in held.iter_mut().zip(flags).enumerate() {
                match self.ask(views.add(index), flags) {
                    Ok(outcome) => *held = outcome == Outcome::Answered,
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                }
            }
            self.reporter.situation = c" (after another view was released)";
            for index in [0, 2, 1] {
                if let (Some(true), Some(&flags)) = (held.get(index), flags.get(index)) {
                    let view = views.add(index);
                    if result.is_ok() {
                        verify(&*view, flags, &mut self.model, &mut self.reporter);
                    }
                    self.give_back(view, flags);
                }
            }
            result?;
            self.balance(before, first.flags, c"the reference count has changed by %zd after all views were released");
        }
        Ok(())
    }

    /// Sends one request. What comes back is checked, and the view must be released where it is `Answered`.
    ///
    /// # Safety
    /// See [`Self::run`]; `view` may be written and is not moved (B2).
    unsafe fn ask(&mut self, view: *mut Py_buffer, flags: c_int) -> Result<Outcome> {
        let getbuffer = self.getbuffer;
        // SAFETY: the caller guarantees O1, and has the view to write to and does not move it (B2); O4 for the slot.
        unsafe {
            view.write(UNSET);
            let before = self.counts();
            let status = getbuffer(self.obj.object, view, flags);
            self.settled();
            let raised = indicator::occurred();
            let name = if raised.is_null() { c"".as_ptr() } else { (*raised).tp_name };
            if status != 0 && status != -1 {
                let text = c"bf_getbuffer returns %zd, neither 0 nor -1";
                self.broken(Rule::Status, flags, text, &[Argument::Size(status as isize)]);
            }
            if status == 0 || (status > 0 && raised.is_null() && !(*view).obj.is_null()) {
                if !raised.is_null() {
                    let text = c"succeeds with an error pending (%.100s)";
                    self.broken(Rule::ErrorOfSuccess, flags, text, &[Argument::Text(name)]);
                    indicator::clear();
                }
                self.reference(&*view, before, flags);
                if status != 0 {
                    self.give_back(view, flags);
                    return Ok(Outcome::Broken);
                }
                self.kept = verify(&*view, flags, &mut self.model, &mut self.reporter);
                return Ok(Outcome::Answered);
            }
            let is = |kind| !raised.is_null() && types::is_subtype(raised, exceptions::type_of_kind(kind));
            if is(ErrorKind::Memory) {
                indicator::clear();
                return Err(Error::no_memory());
            }
            let refused = is(ErrorKind::Buffer);
            if raised.is_null() {
                self.broken(Rule::Silence, flags, c"fails without an error", &[]);
            } else if !refused {
                let text = c"%.100s is raised, which is not a BufferError";
                self.broken(Rule::ForeignError, flags, text, &[Argument::Text(name)]);
            }
            indicator::clear();
            if !(*view).obj.is_null() {
                self.broken(Rule::ObjOfFailure, flags, c"obj is not NULL after a failure", &[]);
            }
            self.balance(before, flags, c"the reference count has changed by %zd after a failure");
            Ok(if refused && status == -1 { Outcome::Refused } else { Outcome::Broken })
        }
    }

    /// An error of another interpreter's becomes one here.
    ///
    /// # Safety
    /// See [`Self::run`].
    unsafe fn settled(&self) {
        if let Some(settle) = self.settle {
            // SAFETY: the caller guarantees that it may be called with the context.
            unsafe { settle(self.context) };
        }
    }

    /// Releases a view. Afterwards no error is pending.
    ///
    /// # Safety
    /// See [`Self::run`]; the view was filled and has not been released.
    unsafe fn give_back(&mut self, view: *mut Py_buffer, flags: c_int) {
        // SAFETY: the caller guarantees O1; its view was filled and is released here, once.
        unsafe {
            let mut before = None;
            if let Some(other) = &mut self.other
                && other.padded.object == (*view).obj
                && !other.verified
            {
                other.released = other.released.saturating_add(1);
                before = Some((other.padded.object, refs::count(other.padded.object)));
            }
            release(view);
            // With the first view of it there is no earlier count; one reference is what a release drops.
            if let Some((object, count)) = before {
                (refs::count(object)..count.saturating_sub(1)).for_each(|_| refs::incref(object));
            }
            self.settled();
            let raised = indicator::occurred();
            if !raised.is_null() {
                let text = c"an error is pending after the release (%.100s)";
                self.broken(Rule::ErrorOfRelease, flags, text, &[Argument::Text((*raised).tp_name)]);
                indicator::clear();
            }
        }
    }

    /// The reference in a view's `obj`. A missing one is added, so that the release can drop it.
    ///
    /// # Safety
    /// See [`Self::run`].
    unsafe fn reference(&mut self, view: &Py_buffer, before: ReferenceCounts, flags: c_int) {
        let holder = view.obj;
        if holder.is_null() {
            return self.broken(Rule::Obj, flags, c"obj is NULL after a success", &[]);
        }
        // SAFETY: the caller guarantees O1: `obj` is an object.
        unsafe {
            let count = refs::count(holder);
            let mut released = 0;
            let known = if holder == self.obj.object {
                Some(before.obj)
            } else {
                match (&mut self.other, before.other) {
                    (Some(other), Some((object, count))) if object == holder => {
                        released = if other.verified { 0 } else { other.released };
                        other.verified = true;
                        Some(count)
                    }
                    _ => None,
                }
            };
            match known {
                Some(known) if count <= known && !refs::is_immortal(count) => {
                    let text = c"obj is not a new reference: the reference count has not grown";
                    self.broken(Rule::Reference, flags, text, &[]);
                    refs::incref(holder);
                    if let Some(other) = &mut self.other {
                        other.padded.give_up(released);
                    }
                }
                Some(_) => {}
                // Whether this is a new one shows at the next request.
                None => self.other = Some(Other { padded: Padded::new(holder), verified: false, released: 0 }),
            }
        }
    }

    /// # Safety
    /// See [`Self::run`].
    unsafe fn counts(&self) -> ReferenceCounts {
        // SAFETY: references are held to both.
        unsafe {
            ReferenceCounts {
                obj: refs::count(self.obj.object),
                other: self.other.as_ref().map(|other| (other.padded.object, refs::count(other.padded.object))),
            }
        }
    }

    /// Reference counts are what they were; the text has a `%zd`. Those that are too small are repaired.
    ///
    /// # Safety
    /// See [`Self::run`].
    unsafe fn balance(&mut self, before: ReferenceCounts, flags: c_int, text: &CStr) {
        // SAFETY: references are held to both.
        let after = unsafe { self.counts() };
        let other = match (before.other, after.other) {
            (Some((object, before)), Some((same, after))) if object == same => Some((object, before, after)),
            _ => None,
        };
        for (object, before, after) in [Some((self.obj.object, before.obj, after.obj)), other].into_iter().flatten() {
            // An exporter may have set any count.
            let change = after.wrapping_sub(before);
            match self.unbalanced {
                _ if change == 0 => {}
                Unbalanced::Never | Unbalanced::Once => self.unbalanced = Unbalanced::Once,
                Unbalanced::Again => {
                    let rule = if change > 0 { Rule::Leak } else { Rule::Drop };
                    self.broken(rule, flags, text, &[Argument::Size(change)]);
                }
            }
            for _ in change..0 {
                // SAFETY: as above.
                unsafe { refs::incref(object) };
            }
        }
    }

    /// What can be answered must not be refused: what asks for no more than a request that is answered, or for what the
    /// memory is by the answers.
    fn refusals(&mut self, all: &[Asked]) {
        if all.iter().all(|asked| asked.outcome == Outcome::Refused) {
            return self.reporter.broken_by_all(Rule::NothingAnswered, c"every request is refused");
        }
        for refused in all.iter().filter(|asked| asked.outcome == Outcome::Refused) {
            let request = refused.request();
            if request.format() && !request.shape() {
                // PyBUF_FORMAT does not go with plain bytes, and memoryviews refuse it.
                continue;
            }
            let stronger = all.iter().find(|asked| {
                asked.outcome == Outcome::Answered
                    && follows(refused.structure, asked.structure)
                    && (asked.request().writable() || !request.writable())
            });
            if let Some(stronger) = stronger {
                let name = names(stronger.flags);
                let text = c"refused, though %s, which is at least as strict about the memory, is answered";
                self.broken(Rule::Refused, refused.flags, text, &[name.argument()]);
            } else if let Some(what) = self.memory_is(refused.structure, request.writable()) {
                let text = c"refused, although other answers show that the memory is %s";
                self.broken(Rule::Refused, refused.flags, text, &[Argument::Text(what.as_ptr())]);
            }
        }
    }

    /// In words, that the memory is what this place of `STRUCTURES` asks for, where the answers say so.
    fn memory_is(&self, structure: usize, writable: bool) -> Option<&'static CStr> {
        let model = &self.model;
        if writable && !model.is_writable() {
            return None;
        }
        let contiguous = |order| model.is_direct() && model.has_bytes() && model.is_contiguous(order) == Some(true);
        let (holds, words, words_and_writable) = match structure {
            0 => (writable, c"", c"writable"),
            1 => (model.is_direct(), c"without pointers", c"writable and without pointers"),
            2 => (contiguous(Order::Any), c"contiguous", c"writable and contiguous"),
            3 => (contiguous(Order::Fortran), c"Fortran-contiguous", c"writable and Fortran-contiguous"),
            _ => (contiguous(Order::C), c"C-contiguous", c"writable and C-contiguous"),
        };
        holds.then_some(if writable { words_and_writable } else { words })
    }

    fn broken(&mut self, rule: Rule, flags: c_int, text: &CStr, arguments: &[Argument]) {
        // SAFETY: each text in this file has the arguments for its codes beside it, the texts among them C strings.
        unsafe { self.reporter.broken(rule, flags, text, arguments) };
    }
}
