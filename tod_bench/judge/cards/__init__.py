"""Judge cards: one page a judge that says how far it can be believed, each number with what it was measured from.

labels ──┬─▶ agreement, accuracy, macro F1          repeats ──▶ self-consistency
         │                                          both orders, permuted questions ──▶ position, length, order
CONFIG ──┴─▶ judged items ──▶ unread, cost, echo    wrong personas, lines of several users ──▶ persona, roles
"""
