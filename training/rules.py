import rules

from cities.rules import is_coordinator, is_trainer, is_visible

rules.add_perm("training", is_trainer | is_coordinator)
rules.add_perm("training.view_trainingweek", is_visible)
for _model in ("trainingweek", "session", "speaker"):
    rules.add_perm(f"training.add_{_model}", is_trainer | is_coordinator)
    rules.add_perm(f"training.change_{_model}", is_trainer | is_coordinator)
    rules.add_perm(f"training.delete_{_model}", rules.always_deny)
for _model in ("session", "speaker"):
    rules.add_perm(f"training.view_{_model}", is_trainer | is_coordinator)
