"""What every page's frame needs."""


def site(request):
    return {"site": {"network_name": "European Pact for Integration", "is_demo": False, "nav": []}}
