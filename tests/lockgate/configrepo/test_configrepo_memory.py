import pytest

from lockgate.configrepo.memory import MemoryConfigRepo
from lockgate.ports.config_repo import ConfigRepo
from lockgate.testing.contracts.config_repo import ConfigRepoContract


class TestMemory(ConfigRepoContract):
    @pytest.fixture
    def repo(self) -> ConfigRepo:
        return MemoryConfigRepo()
