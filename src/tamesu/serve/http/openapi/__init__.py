"""What a server offers, described as OpenAPI 3.1: from the structs that it reads and answers.

`document` for the whole, `OPERATIONS` for the list. Refuses to answer any operation: that is the
paths' part, and a test holds the two together.
"""

from tamesu.serve.http.openapi.document import document
from tamesu.serve.http.openapi.operations import OPERATIONS

__all__ = ["OPERATIONS", "document"]
