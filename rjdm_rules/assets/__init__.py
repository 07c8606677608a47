"""Where the bundled files are: the grammar, the knowledge base and the templates."""

from importlib.resources import files
from pathlib import Path


def asset(folder: str, name: str = "") -> Path:
    """The path of the bundled file `name` in `folder` (such as `grammar` or `rules`), or of the folder itself."""
    place = files(f"rjdm_rules.assets.{folder}")
    return Path(str(place / name if name else place))
