"""Linear layers with weights laid out for oneDNN: the same products, and the model as it was afterwards."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tod_baselines.decoder.linears import PackedLinears, can_pack  # noqa: E402

pytestmark = pytest.mark.skipif(not can_pack(bf16=False), reason="torch has no oneDNN here")


class Doubled(torch.nn.Linear):  # type: ignore[misc]
    """A layer whose forward does more than its weights say."""

    def forward(self, inputs: Any) -> Any:
        return 2 * super().forward(inputs)


def model() -> Any:
    torch.manual_seed(0)
    parts = (torch.nn.Linear(24, 50), torch.nn.ReLU(), Doubled(50, 50), torch.nn.Linear(50, 7, bias=False))
    return torch.nn.Sequential(*parts).requires_grad_(False)


@pytest.mark.parametrize("tokens", [1, 5, 130])
def test_products_are_those_of_the_model(tokens: int) -> None:
    ours = model()
    packed = PackedLinears(ours, bf16=False)
    assert len(packed) == 2
    inputs = torch.randn(1, tokens, 24)
    expected = ours(inputs)
    with packed.used():
        assert torch.allclose(ours(inputs), expected, atol=1e-5)


def test_the_model_has_its_own_layers_again_even_after_an_error() -> None:
    ours, inputs = model(), torch.randn(1, 3, 24)
    packed = PackedLinears(ours, bf16=False)
    ours[0].weight.zero_()
    ours[0].bias.fill_(3.0)
    with packed.used():
        assert not torch.equal(ours[0](inputs), torch.full((1, 3, 50), 3.0)), "a copy"
    with pytest.raises(RuntimeError, match="primitive"), packed.used():
        ours(inputs[..., :5])
    assert torch.equal(ours[0](inputs), torch.full((1, 3, 50), 3.0))


@pytest.mark.skipif(not can_pack(bf16=True), reason="this processor does not compute in bf16")
def test_in_bf16_products_are_those_of_autocast() -> None:
    ours, inputs = model(), torch.randn(1, 9, 24)
    with torch.autocast("cpu", torch.bfloat16):
        expected = ours(inputs)
        with PackedLinears(ours, bf16=True).used():
            found = ours(inputs)
    assert found.dtype == expected.dtype == torch.bfloat16
    assert torch.allclose(found.float(), expected.float(), atol=0.02)
