"""The model file: exact both ways, and refused in one line where it is not whole."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotiset import store
from emotiset.errors import ModelFileError, OutputError
from emotiset.model_format import MODEL
from emotiset.store import ModelFile, is_model, pack_model, read_model, write_model

N_FEATURES, N_MEMBERS = 16, 3


def make_model(n_members=N_MEMBERS, n_features=N_FEATURES):
    rng = np.random.default_rng(7)
    return ModelFile(
        language="en",
        weights=rng.normal(size=(n_features, n_members)).astype(np.float32),
        intercepts=rng.normal(size=n_members),
        vote_weights=rng.random(n_members),
        n_examples=rng.integers(1, 1 << 40, n_members),
        metadata={"seed": 3, "lexicon": ["☺", ":)"], "versions": {"emotiset": "0.1"}},
    )


def assert_same(found, expected):
    for name in ("weights", "intercepts", "vote_weights", "n_examples"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert ours.dtype == theirs.dtype
        assert ours.tobytes() == theirs.tobytes()
    assert found.language == expected.language
    assert found.metadata == expected.metadata


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.parquet"
    write_model(path, make_model())
    return path


def forge(path, *, table=None, header=None, keep_digest=False, **changes):
    """Write a file like a model's, with another table or header."""
    with pq.ParquetFile(path) as parquet:
        rows = parquet.read()
        document = json.loads(parquet.metadata.metadata[b"emotiset"])
    if not keep_digest:
        document.pop("digest", None)
    document.update(changes)
    text = json.dumps(document) if header is None else header
    rows = rows if table is None else table(rows)
    with pq.ParquetWriter(path, rows.schema, store_schema=False) as writer:
        writer.write_table(rows)
        writer.add_key_value_metadata({"emotiset": text})
    return path


def replace_column(name, values, *, nullable=False):
    def change(rows):
        where = rows.schema.get_field_index(name)
        array = pa.array(values) if isinstance(values, list) else values
        field = pa.field(name, array.type, nullable=nullable)
        return rows.set_column(where, field, array)

    return change


def replace_weights(values):
    return replace_column("weights", pa.array(values, MODEL.field("weights").type))


def refusal(path):
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert len(message) < 400 + len(str(path))
    return message


def test_write_model__read_again_gives_the_same(path):
    assert_same(read_model(path), make_model())
    assert_same(read_model(str(path)), make_model())


def test_write_model__odd_floats_survive(tmp_path):
    model = make_model(n_members=1)
    odd = [0.0, -0.0, 1e-45, -1e30, 1e30, np.pi, 1 / 3, -1e-38]
    model = replace(model, weights=np.array([odd], np.float32).T.copy())
    write_model(tmp_path / "m", model)
    assert_same(read_model(tmp_path / "m"), model)


def test_write_model__same_model_same_bytes(path, tmp_path):
    again = tmp_path / "another name.parquet"
    write_model(again, read_model(path))
    assert again.read_bytes() == path.read_bytes()
    shuffled = make_model()
    shuffled.metadata.update(reversed(list(shuffled.metadata.items())))
    write_model(again, replace(shuffled, weights=np.asfortranarray(shuffled.weights)))
    assert again.read_bytes() == path.read_bytes()


def test_pack_model__is_the_file(path):
    assert pack_model(make_model()).to_pybytes() == path.read_bytes()


def test_write_model__any_parquet_reader_reads_it(path):
    rows = pq.read_table(path)
    assert rows.column_names == MODEL.names
    assert rows["language"].to_pylist() == ["en"] * N_MEMBERS
    assert rows["member"].to_pylist() == [0, 1, 2]
    assert rows["weights"][2].as_py() == make_model().weights[:, 2].tolist()
    text = pq.read_metadata(path).metadata[b"emotiset"].decode()
    document = json.loads(text)
    assert list(document) == sorted(document)
    assert document["format_version"] == 1
    assert document["n_features"] == N_FEATURES
    assert "☺" in text


def test_write_model__no_folder(tmp_path):
    with pytest.raises(OutputError):
        write_model(tmp_path / "none" / "m.parquet", make_model())


def test_write_model__too_large_to_be_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "MAX_WEIGHTS", 10)
    with pytest.raises(OutputError, match="at most 10 weights, found 3 members of 16"):
        write_model(tmp_path / "m.parquet", make_model())
    assert not list(tmp_path.iterdir())


def test_read_model__rows_sorted_and_grouped_otherwise(path):
    forge(path, table=lambda rows: rows.take([2, 0, 1]).combine_chunks())
    assert_same(read_model(path), make_model())


def test_read_model__further_columns_and_keys_are_allowed(path):
    forge(path, table=lambda rows: rows.append_column("note", [["a", "b", "c"]]), x=1)
    assert read_model(path).metadata["x"] == 1


@pytest.mark.parametrize("name", ["weights", "intercept", "vote_weight", "n_examples"])
def test_read_model__a_changed_number_is_noticed(path, name):
    def change(rows):
        values = rows[name].to_pylist()
        changed = values[1]
        values[1] = changed + 1 if name != "weights" else [*changed[:-1], 0.5]
        return replace_column(name, pa.array(values, MODEL.field(name).type))(rows)

    forge(path, table=change, keep_digest=True)
    assert "it was changed after training" in refusal(path)


@pytest.mark.parametrize(
    "changes", [{"seed": 4}, {"x": 1}, {"digest": "0" * 64}, {"digest": ["\x1b"]}]
)
def test_read_model__changed_metadata_is_noticed(path, changes):
    forge(path, keep_digest=True, **changes)
    assert "it was changed after training" in refusal(path)


def test_read_model__deep_nest_under_a_digest(path):
    deep = json.loads("[" * 900 + "]" * 900)
    forge(path, keep_digest=True, x=deep)
    assert refusal(path)


def test_read_model__no_digest_as_format_version_1_began(path):
    assert_same(read_model(forge(path)), make_model())


def test_read_model__digest_does_not_depend_on_how_rows_lie(path):
    taken = forge(path, table=lambda rows: rows.take([2, 0, 1]), keep_digest=True)
    assert_same(read_model(taken), make_model())


def test_read_model__no_file_or_a_folder(tmp_path):
    assert "No such file" in refusal(tmp_path / "none.parquet")
    assert "directory" in refusal(tmp_path)


def test_read_model__another_kind_of_file(tmp_path):
    path = tmp_path / "m.parquet"
    for content, found in ((b"", "empty"), (b"P", "another"), (b"text" * 9, "another")):
        path.write_bytes(content)
        assert found in refusal(path)


def test_read_model__cut_short_anywhere(path):
    whole = path.read_bytes()
    for size in [4, 5, 8, 12, *range(16, len(whole), 37), len(whole) - 1]:
        path.write_bytes(whole[:size])
        assert "cut short" in refusal(path) or size < 12
    path.write_bytes(b"PAR1PAR1")
    refusal(path)


def test_read_model__name_that_is_no_utf8(path):
    odd = path.with_name(os.fsdecode(b"caf\xe9.parquet"))
    path.rename(odd)
    assert is_model(odd)
    assert read_model(odd).metadata == make_model().metadata


def test_read_model__parquet_of_another_kind(tmp_path):
    path = tmp_path / "m.parquet"
    pq.write_table(pa.table({"text": ["a"]}), path)
    assert "metadata under 'emotiset'" in refusal(path)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", "metadata in JSON"),
        ("{", "metadata in JSON"),
        ("[1]", "metadata in JSON"),
        ("[" * 100_000, "metadata in JSON"),
        ('{"format_version": NaN}', "metadata in JSON"),
        ("{}", "version None"),
        ('{"format_version": true}', "version True"),
        ('{"format_version": "1\\n2"}', "version 1 2"),
        ('{"format_version": 1}', "language"),
    ],
)
def test_read_model__damaged_header(path, header, found):
    assert found in refusal(forge(path, header=header))


def test_read_model__newer_format_names_the_version_that_reads_it(path):
    forge(path, format_version=2, versions={"emotiset": "7.1\n"}, members="many")
    message = refusal(path)
    assert "format version 1, found version 2" in message
    assert "emotiset 7.1 wrote it, install that" in message
    forge(path, format_version=2, versions=["?"])
    assert "format version 1, found version 2" in refusal(path)
    assert "train it again" in refusal(forge(path, format_version=0))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"n_features": 1 << 60}, "268435456"),
        ({"n_features": 10**400}, "n_features"),
        ({"n_features": 0}, "column 'state' of binary, found none"),
        ({"n_features": -1}, ">= 0"),
        ({"n_features": 16.5}, "n_features"),
        ({"n_features": 8}, "needs 8 weights of member 0, found 16"),
        ({"n_features": 1 << 28}, "268435456 weights of member 0, found 16"),
        ({"n_features": 1 << 28, "members": 10_000}, "up to 4294967296 weights"),
        ({"members": 1_000_000}, "10000"),
        ({"members": -1}, ">= 1"),
        ({"members": 2}, "needs 2 rows, found 3"),
        ({"members": None}, "members"),
        ({"language": "es"}, "language 'es' alone"),
        ({"language": "x" * 10_000}, "alone"),
        ({"language": 5}, "language"),
    ],
)
def test_read_model__header_that_does_not_fit(path, changes, found):
    assert found in refusal(forge(path, **changes))


WHOLE = [[0.5] * N_FEATURES] * N_MEMBERS


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (lambda rows: rows.drop_columns("intercept"), "none or several"),
        (lambda rows: rows.append_column(rows.schema.field(1), rows[1]), "several"),
        (
            replace_column("intercept", ["a", "b", "c"]),
            "'intercept' of double, found string",
        ),
        (replace_column("intercept", [0.5, None, 1.5], nullable=True), "with nulls"),
        (replace_column("weights", [0.5, 0.5, 0.5]), "found double"),
        (replace_column("weights", pa.array(WHOLE)), "found list<element: double>"),
        (replace_column("member", pa.array([0, 1, 1], pa.int32())), "[0, 1, 1]"),
        (replace_column("member", pa.array([0, 1, 3], pa.int32())), "[0, 1, 3]"),
        (replace_column("member", pa.array([-1, 0, 1], pa.int32())), "[-1, 0, 1]"),
        (replace_column("language", ["en", "en", "es"]), "language 'en' alone"),
        (replace_column("language", ["en", "x" * 99_999, ""]), "bytes of rows"),
        (replace_column("intercept", [0.5, np.nan, 1.5]), "intercept from -1e+30"),
        (replace_column("intercept", [0.5, np.inf, 1.5]), "intercept from -1e+30"),
        (replace_column("vote_weight", [0.5, -0.1, 1.5]), "vote_weight from 0 to"),
        (replace_column("vote_weight", [0.5, np.nan, 1.5]), "vote_weight from 0 to"),
        (replace_column("n_examples", [1, -1, 1]), "n_examples from 0 to"),
        (replace_weights([*WHOLE[:2], [np.nan] * N_FEATURES]), "weights from -1e+30"),
        (replace_weights([*WHOLE[:2], [-np.inf] * N_FEATURES]), "weights from -1e+30"),
        (replace_weights([*WHOLE[:2], [2e30] * N_FEATURES]), "weights from -1e+30"),
        (replace_weights([*WHOLE[:2], [0.5]]), "16 weights of member 2, found 1"),
        (replace_weights([[0.5] * 15, [0.5] * 17, WHOLE[0]]), "16 weights of member 0"),
        (lambda rows: rows.slice(0, 2), "needs 3 rows, found 2"),
        (lambda rows: rows.slice(0, 0), "needs 3 rows, found 0"),
        (lambda rows: pa.concat_tables([rows] * 400), "found 1200"),
    ],
)
def test_read_model__rows_that_do_not_fit(path, table, found):
    assert found in refusal(forge(path, table=table))


def test_read_model__any_flipped_byte_is_refused_or_harmless(path):
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    n_refused = 0
    for where in rng.integers(0, len(whole), 400):
        damaged = bytearray(whole)
        damaged[where] ^= rng.integers(1, 256)
        path.write_bytes(damaged)
        try:
            model = read_model(path)
        except ModelFileError as error:
            n_refused += 1
            assert "\n" not in str(error)
        else:
            assert model.weights.tobytes() == make_model().weights.tobytes()
            assert model.intercepts.tobytes() == make_model().intercepts.tobytes()
    assert n_refused > 100


def test_read_model__flipped_bit_in_the_weights(tmp_path):
    path = tmp_path / "m.parquet"
    model = make_model(n_features=1 << 10)
    write_model(path, model)
    # Random mantissas do not compress, so they stand in the file as they are.
    whole = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(1).column(3)
    whole[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    path.write_bytes(whole)
    assert "damage" in refusal(path)


def test_read_model__one_row(tmp_path):
    model = make_model(n_members=1, n_features=1)
    write_model(tmp_path / "m.parquet", model)
    assert_same(read_model(Path(tmp_path / "m.parquet")), model)
