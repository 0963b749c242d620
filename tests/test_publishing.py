"""A folder of models: what is current, what stays, and who may write."""

import json
from pathlib import Path

import pytest

from emotiset.errors import InputError, OutputError
from emotiset.publishing import Shelf


def publish(shelf: Shelf, version: str, run: str | None = None) -> None:
    shelf.publish(version, lambda path: path.write_text(version), {"run": run})


def kept(shelf: Shelf) -> list[str]:
    return [each.stem for each in shelf.list_versions()]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Four versions were published, three stay."""
    shelf = Shelf(tmp_path / "models", keep=3)
    for version in "abcd":
        publish(shelf, version)
    return shelf


def test_publish__keeps_the_last_and_links_the_newest(shelf: Shelf) -> None:
    assert kept(shelf) == ["b", "c", "d"]
    assert shelf.current.read_text() == "d"
    assert shelf.current.is_symlink()
    lines = (shelf.folder / "history.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert [each["version"] for each in told] == list("abcd")
    names = {each.name for each in shelf.folder.iterdir()}
    assert names == {"versions", "history.jsonl", "current.parquet"}


def test_publish__reader_of_the_old_model_reads_it_to_the_end(shelf: Shelf) -> None:
    with shelf.current.open() as reading:
        for version in "efgh":
            publish(shelf, version)
        assert reading.read() == "d"
    assert shelf.current.read_text() == "h"


def test_folder__may_be_moved(shelf: Shelf, tmp_path: Path) -> None:
    moved = Shelf(shelf.folder.rename(tmp_path / "elsewhere"), keep=3)
    assert moved.current.read_text() == "d"
    moved.settle()
    assert kept(moved) == ["b", "c", "d"]


def test_roll_back__goes_back_once_each_time(shelf: Shelf) -> None:
    assert shelf.roll_back()["version"] == "c"
    assert shelf.current.read_text() == "c"
    publish(shelf, "e")  # from c, so back is c again
    assert shelf.roll_back()["version"] == "c"
    assert shelf.current.read_text() == "c"
    assert kept(shelf) == ["c", "d", "e"]
    with pytest.raises(InputError, match="found b: choose from c, d, e"):
        shelf.roll_back()


def test_roll_back__to_a_version_by_name_and_forth_again(shelf: Shelf) -> None:
    shelf.roll_back("b")
    assert shelf.current.read_text() == "b"
    shelf.roll_back("d")
    assert shelf.current.read_text() == "d"
    shelf.roll_back("d")
    assert shelf.current.read_text() == "d"
    with pytest.raises(InputError, match="found a"):
        shelf.roll_back("a")
    assert shelf.current.read_text() == "d"


def test_roll_back__of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none before"):
        Shelf(tmp_path).roll_back()


def test_roll_back__begun_by_a_process_that_died_is_made_good_once(
    shelf: Shelf,
) -> None:
    shelf.note({"action": "rolled back", "version": "c"})
    assert shelf.current.read_text() == "d"
    assert shelf.roll_back()["version"] == "c"
    assert shelf.current.read_text() == "c"
    assert [each["version"] for each in shelf.read_history()] == list("abcdc")


def test_roll_back__helps_where_the_current_file_is_gone(shelf: Shelf) -> None:
    shelf.current.resolve().unlink()
    with pytest.raises(InputError, match="by its name"):
        shelf.settle()
    assert shelf.roll_back("c")["version"] == "c"
    assert shelf.current.read_text() == "c"


def test_note__one_line_for_each_run(shelf: Shelf) -> None:
    shelf.note({"run": "monday", "action": "alarm"})
    shelf.note({"run": "monday", "action": "alarm", "why": "again"})
    assert shelf.find(run="monday") == {
        "version": "d",
        "run": "monday",
        "action": "alarm",
        "why": "again",
    }
    publish(shelf, "e", "monday")
    assert [each["version"] for each in shelf.read_history()] == list("abcde")
    assert shelf.find(run="tuesday") is None


def test_lock__keeps_a_second_process_out_and_dies_with_the_first(shelf: Shelf) -> None:
    with (
        shelf.lock(),
        pytest.raises(OutputError, match="found another"),
        Shelf(shelf.folder).lock(),
    ):
        pass
    with Shelf(shelf.folder).lock():
        pass


def test_names__cannot_leave_the_folder(shelf: Shelf) -> None:
    for name in ("../x", "a/b", ".hidden", ""):
        with pytest.raises(InputError, match="that a file can have"):
            publish(shelf, name)


def test_history__that_is_damaged_is_named(shelf: Shelf) -> None:
    (shelf.folder / "history.jsonl").write_text('{"version": "a"}\n[1]\n')
    with pytest.raises(InputError, match="mend it"):
        shelf.read_history()
