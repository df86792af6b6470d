from strategies.models import Action, Strategy


def test_class_of_history_is_made_once():
    first, again = Action(pk=1).history, Action(pk=2).history

    assert type(first) is type(again)
    assert (first.instance.pk, again.instance.pk) == (1, 2)
    assert Action.history.model is first.model is not Strategy.history.model
