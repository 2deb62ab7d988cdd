"""Test files of Python 2.7 made runnable by Python 3: their imports from Python 2's test package, and byte strings where
Python 2 has them. The files are not changed."""

import ast
import contextlib
import sys
import types
import unittest


class Bytes(ast.NodeTransformer):
    """Text between plain quotes is bytes in Python 2. A string by itself is a docstring, and stays."""

    def visit_Expr(self, node):
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            return ast.copy_location(ast.Constant(node.value.encode("latin-1")), node)
        return node


@contextlib.contextmanager
def nothing(*arguments):
    yield


def test_support():
    """What the tests use of Python 2's test.test_support; it is about warnings, and about which Python it is."""
    module = types.ModuleType("test.test_support")
    module.check_py3k_warnings = nothing
    module.cpython_only = lambda test: test
    module.run_unittest = unittest.main
    return module


def execute(source, path, module):
    """Runs the source in the module's namespace."""
    import test

    test.test_support = sys.modules["test.test_support"] = test_support()
    module.chr = lambda number: bytes([number])
    tree = ast.fix_missing_locations(Bytes().visit(ast.parse(source, path)))
    exec(compile(tree, path, "exec"), vars(module))
    # Warnings are filtered by text, which is bytes now.
    module.warnings = types.SimpleNamespace(catch_warnings=nothing, filterwarnings=nothing)
