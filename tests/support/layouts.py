"""The same two turns in the layout of each tool whose files are imported."""

from typing import Any

from tod_bench.records import Dialogue, Turn

STATE = {"restaurant": {"area": "centre"}, "hotel": {"book day": "friday", "pricerange": "cheap"}}
USER = ("I want a place.", "And a room!")

LAYOUTS: dict[str, Any] = {
    "slots": {
        "sng0073.json": [{}, {"restaurant-area": "centre", "hotel-book day": "friday", "hotel-price range": "cheap"}]
    },
    "mwzeval": {
        "sng0073": [
            {"state": {}},
            {"state": {"restaurant": {"area": "centre"}, "hotel": {"bookday": "friday", "pricerange": "cheap"}}},
        ]
    },
    "trade": {
        "SNG0073.json": {"0": [], "1": ["restaurant-area-centre", "hotel-book day-friday", "hotel-pricerange-cheap"]}
    },
    "simpletod": {
        "SNG0073.json": {
            "target_turn_belief": [[], ["restaurant area north"]],
            "generated_belief": ["restaurant area east"],
            "generated_turn_belief": [
                [""],
                ["restaurant area centre", "hotel book day friday", "hotel price range cheap"],
            ],
        }
    },
    "pptod": [
        {"dial_id": "sng0073", "turn_num": 0, "bspn": "[taxi] leave 10:00", "bspn_gen": ""},
        {
            "dial_id": "sng0073",
            "turn_num": 1,
            "bspn_gen": "[restaurant] area centre [hotel] day friday pricerange cheap",
        },
    ],
    "convlab3": [
        {
            "speaker": "user",
            "utt_idx": 0,
            "utterance": USER[0],
            "state": {"taxi": {"leave at": "10:00"}},
            "predictions": {"state": {"restaurant": {"area": "", "food": ""}}},
        },
        {
            "speaker": "user",
            "utt_idx": 2,
            "utterance": USER[1],
            "predictions": {
                "state": {
                    "restaurant": {"area": "centre|middle"},
                    "hotel": {"book day": "friday", "price range": "cheap"},
                }
            },
        },
    ],
    "sgd": [
        {
            "dialogue_id": "sng0073",
            "turns": [
                {"speaker": "USER", "frames": []},
                {"speaker": "SYSTEM", "frames": []},
                {
                    "speaker": "USER",
                    "frames": [
                        {"service": "restaurant", "state": {"slot_values": {"area": ["centre", "center"]}}},
                        {
                            "service": "hotel",
                            "state": {"slot_values": {"book day": ["friday"], "pricerange": ["cheap"]}},
                        },
                    ],
                },
            ],
        }
    ],
}
"""Format -> the same two turns in it."""

CORPUS = [Dialogue("SNG0073", "multiwoz2.1", "test", (), (Turn(0, USER[0], "Yes."), Turn(1, USER[1], "Yes.")))]
