"""Clusters of Dask's own commands: TLS, workers that come and go, code that is sent."""

import datetime
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dask.distributed import Client, LocalCluster

from emotiset.cluster import ClusterConfig, connect
from emotiset.config import TrainConfig
from emotiset.errors import ClusterError
from emotiset.progress import Step
from emotiset.train import train

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CONFIG = TrainConfig(members=3, n_features=16384, block_size=300_000)


def run(command: str, *arguments: Any, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command of emotiset in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "emotiset", command, *map(str, arguments)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def digest(tweet_file: Path) -> str:
    """Digest of the model that an undisturbed run gives."""
    sha256: str = train([tweet_file], CONFIG).summary["model_sha256"]
    return sha256


def make_certificates(folder: Path) -> dict[str, str]:
    """Make an authority, and a certificate for all that it signed."""
    names = [
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        for name in ("authority", "node")
    ]
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]
    now = datetime.datetime.now(datetime.UTC)
    files = {}
    for i, option in enumerate(("ca-file", "cert")):
        certificate = (
            x509.CertificateBuilder()
            .subject_name(names[i])
            .issuer_name(names[0])
            .public_key(keys[i].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=i == 0, path_length=None), True)
            .sign(keys[0], hashes.SHA256())
        )
        files[option] = folder / f"{option}.pem"
        files[option].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files["key"] = folder / "key.pem"
    files["key"].write_bytes(
        keys[1].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {f"--tls-{name}": str(path) for name, path in files.items()}


def test_train__by_tls(
    dask_processes: Any, tweet_file: Path, tmp_path: Path, digest: str
) -> None:
    options = make_certificates(tmp_path)
    dask_processes.options = [each for pair in options.items() for each in pair]
    dask_processes.options += ["--protocol", "tls"]
    dask_processes.start(2, "--no-nanny")
    assert dask_processes.address.startswith("tls://")
    config = ClusterConfig(
        scheduler=dask_processes.address,
        **{name.lstrip("-").replace("-", "_"): path for name, path in options.items()},
    )
    assert train([tweet_file], CONFIG, config).summary["model_sha256"] == digest

    configured = {
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": options["--tls-ca-file"],
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT": options["--tls-cert"],
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY": options["--tls-key"],
    }
    where = ["--scheduler-file", dask_processes.file]
    done = run("doctor", *where, **configured)
    assert done.returncode == 0, done.stderr

    done = run("doctor", *where)  # without a certificate
    assert done.returncode == 4
    assert "TLS" in done.stdout
    assert done.stderr.count("\n") == 1


def test_train__workers_join_late_and_leave_early(
    dask_processes: Any, tweet_file: Path, digest: str
) -> None:
    dask_processes.start(1, "--no-nanny")
    first = dask_processes.processes[-1]
    stages = []

    def come_and_go(step: Step) -> None:
        if step.stage == "read" and not stages:
            dask_processes.start_worker("--no-nanny")
        if step.stage == "train" and "train" not in stages:
            deadline = time.monotonic() + 30
            while len(client.nthreads()) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            first.terminate()  # it hands on what it holds
        stages.append(step.stage)

    with connect(ClusterConfig(scheduler_file=str(dask_processes.file))) as client:
        result = train([tweet_file], CONFIG, client, progress=come_and_go)
    assert result.summary["model_sha256"] == digest
    assert first.wait(30) is not None


def test_train__adaptive_cluster_without_a_worker(
    tweet_file: Path, digest: str
) -> None:
    with LocalCluster(
        n_workers=0, threads_per_worker=1, dashboard_address=":0"
    ) as cluster:
        cluster.adapt(minimum=0, maximum=2, interval="100ms", wait_count=2)
        config = ClusterConfig(scheduler=cluster.scheduler_address)
        result = train([tweet_file], CONFIG, config)
        assert result.summary["model_sha256"] == digest
        deadline = time.monotonic() + 30
        while cluster.workers and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not cluster.workers  # nothing holds them


def test_connect__waits_as_long_as_asked(dask_processes: Any) -> None:
    dask_processes.start(0)
    config = ClusterConfig(scheduler_file=str(dask_processes.file), worker_timeout=1.5)
    start = time.monotonic()
    with pytest.raises(ClusterError, match=r"found none within 2 s.*worker-timeout"):
        connect(config).__enter__()
    assert 1 < time.monotonic() - start < 10


def test_train__scheduler_that_dies(
    dask_processes: Any, tweet_file: Path, tmp_path: Path
) -> None:
    dask_processes.start(1, "--no-nanny")
    scheduler = dask_processes.processes[0]

    def kill(step: Step) -> None:
        if step.stage == "exchange":
            scheduler.kill()

    with (
        pytest.raises(ClusterError, match="scheduler"),
        connect(ClusterConfig(scheduler_file=str(dask_processes.file))) as client,
    ):
        train([tweet_file], CONFIG, client, progress=kill)


def test_train__sends_its_code(
    dask_processes: Any, tweets: Any, tmp_path: Path, client: Client
) -> None:
    tweet_file = tmp_path / "few.json"
    tweet_file.write_text("".join(json.dumps(each) + "\n" for each in tweets[:400]))
    config = replace(CONFIG, members=1)  # work for one, as both would compile
    digest = train([tweet_file], config, client).summary["model_sha256"]
    # What is sent is compiled by each worker for itself, faster if not so well.
    how = {"bare": True, "PYTHONPATH": "", "NUMBA_OPT": "0"}
    dask_processes.start(1, "--no-nanny", **how)
    where = ["--scheduler-file", dask_processes.file]
    model = ["-o", tmp_path / "model.parquet", "--summary", tmp_path / "summary.json"]
    settings = ["--members", "1", "--n-features", "16384", *model]

    refused = run("train", tweet_file, *where, *settings)
    assert refused.returncode == 4
    assert "add --ship-code" in refused.stderr
    assert refused.stderr.count("\n") == 1
    told = run("doctor", *where)
    assert told.returncode == 4
    assert "found none on the scheduler and 1 worker" in told.stdout

    threading.Timer(
        2.0, dask_processes.start_worker, ["--no-nanny"], how
    ).start()  # a late one gets it too
    done = run("train", tweet_file, *where, *settings, "--ship-code")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["model_sha256"] == digest
    with Client(scheduler_file=str(dask_processes.file)) as client:
        client.wait_for_workers(2, timeout=30)
        found = client.run(eval, "__import__('emotiset').__file__")
    assert len(found) == 2
    assert all(str(dask_processes.folder) in path for path in found.values())


def test_doctor__tells_what_differs(
    dask_processes: Any, tmp_path: Path, tweet_file: Path
) -> None:
    other = tmp_path / "other"
    (other / "emoji-1.0.dist-info").mkdir(parents=True)
    (other / "emoji-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: emoji\nVersion: 1.0\n"
    )
    path = os.pathsep.join([str(other), os.environ.get("PYTHONPATH", "")])
    dask_processes.start_scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    dask_processes.start_worker("--no-nanny")
    dask_processes.start_worker("--no-nanny", PYTHONPATH=path)
    with Client(scheduler_file=str(dask_processes.file)) as client:
        client.wait_for_workers(2, timeout=60)
    where = ["--scheduler-file", dask_processes.file]
    done = run("doctor", tweet_file, *where, "-o", tmp_path / "no" / "model")
    assert done.returncode == 4
    assert "emoji needs to be" in done.stdout
    assert "found 1.0 on 1 worker" in done.stdout
    assert "ALLOWED_FAILURES=10" in done.stdout
    assert "writable place" in done.stdout
    assert done.stderr.startswith("emotiset: ")
    assert done.stderr.count("\n") == 1

    refused = run("train", tweet_file, *where, "-o", tmp_path / "model")
    assert refused.returncode == 4
    assert "emoji needs to be" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "model").exists()


def test_pipeline__trains_on_a_cluster(
    dask_processes: Any, tweet_file: Path, tmp_path: Path
) -> None:
    path = Path(__file__).parents[1] / "pipelines" / "cluster.py"
    dask_processes.start(2, "--no-nanny")
    model = tmp_path / "model.parquet"
    done = subprocess.run(
        [sys.executable, path, dask_processes.file, model, tweet_file],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "tweets, accuracy" in done.stdout
    assert model.is_file()


def test_train__input_that_workers_do_not_see(
    dask_processes: Any, tweet_file: Path, tmp_path: Path
) -> None:
    dask_processes.start(1, "--no-nanny")
    # The working folder of whoever asks: the same path is another place for a worker.
    path = f"/proc/self/cwd/{tweet_file.name}"
    command = [sys.executable, "-m", "emotiset", "train", path, "-o", tmp_path / "m"]
    done = subprocess.run(
        [*command, "--scheduler-file", dask_processes.file],
        cwd=tweet_file.parent,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 4
    assert "the same for every worker" in done.stderr
    assert "No such file" in done.stderr
    assert done.stderr.count("\n") == 1
