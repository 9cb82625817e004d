"""The language of calculated properties: text → typed tree (parse) → SQL (compile). Functions are rows (functions).

tree        what a formula is made of
functions   operators and functions: what they take, give, and their SQL
parse       reads a formula; refuses with a sentence and the place of the mistake
compile     tree → SQL with parameters; pure
"""

from cartfolk.properties.formula.functions import FUNCTIONS, Function
from cartfolk.properties.formula.parse import FormulaError, parse
from cartfolk.properties.formula.tree import Kind, Node, follows_the_clock, inputs

__all__ = ["FUNCTIONS", "FormulaError", "Function", "Kind", "Node", "follows_the_clock", "inputs", "parse"]
