"""Every annotation of the package, tensor shapes included, is checked while the tests run."""

import pytest
from jaxtyping import install_import_hook

from tests.annotations import begin_test  # the hook looks the module up by name

install_import_hook("pinnlite", "tests.annotations.checked")


@pytest.fixture(autouse=True)
def _checked_from_the_start() -> None:
    begin_test()
