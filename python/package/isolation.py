"""Functions in a copy of the process, so that a crash is a result."""

import faulthandler
import os
import pickle
import signal
import sys

# A function that takes longer is in an endless loop.
SECONDS = 60


class Crashed(Exception):
    """The process has ended without a result; the message says how."""


def _ending(status):
    """How a process has ended, in words."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        return f"ended by {name}" + (f", after {SECONDS} seconds" if number == signal.SIGALRM else "")
    return f"ended with status {os.WEXITSTATUS(status)}"


def _write_results(file, function, arguments):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    # The parent reports the crash.
    faulthandler.disable()
    for argument in arguments:
        signal.alarm(SECONDS)
        try:
            result = True, function(argument)
        except BaseException as error:
            result = False, (isinstance(error, TypeError), f"{type(error).__name__}: {error}")
        # At once: what comes next may end the process.
        pickle.dump(result, file)
        file.flush()


def _read_result(file):
    good, value = pickle.load(file)
    if good:
        return value
    is_type_error, message = value
    return TypeError(message.partition(": ")[2]) if is_type_error else RuntimeError(message)


def isolated_each(function, arguments):
    """What the function returns for each of the arguments, in a copy of this process, and in a new one after a crash. Results must
    be picklable. In the place of a result is Crashed, or what was raised: TypeError, or RuntimeError with the name."""
    if not hasattr(os, "fork"):
        raise NotImplementedError("processes are copied by fork(), which this system does not have")
    arguments, results = list(arguments), []
    while len(results) < len(arguments):
        sys.stdout.flush()
        sys.stderr.flush()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(reading)
                with os.fdopen(writing, "wb") as file:
                    _write_results(file, function, arguments[len(results) :])
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        with os.fdopen(reading, "rb") as file:
            while len(results) < len(arguments):
                try:
                    results.append(_read_result(file))
                except (EOFError, pickle.UnpicklingError):
                    break
        _, ended = os.waitpid(child, 0)
        if len(results) < len(arguments):
            results.append(Crashed(_ending(ended)))
    return results


def isolated(function, argument):
    """The result of one argument; what stands for it in isolated_each is raised."""
    (result,) = isolated_each(function, [argument])
    if isinstance(result, Exception):
        raise result
    return result
